/** Builds a Debian image with mmdebstrap from the mirror that the host itself uses; results are kept for the next time. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ImageMetadata, ImageRefused, type ReceivedImage } from '../../core/ports/images.ts';
import { compressTo } from '../../host/compress.ts';
import { packTar, unpackTar } from '../../host/tar.ts';
import { formatMetadata } from '../metadata.ts';
import type { ReceiveOptions, ReceiveParts } from '../receive.ts';
import { inUse } from '../sweep-folder.ts';
import { findMirrors } from './apt-sources.ts';
import { type BuildOptions, bootstrapDebian, type Plan } from './bootstrap.ts';
import { containerShape, customizeScript, type GuestKind, templates } from './guest-files.ts';
import { checkMachineTools, makeMachineDisk } from './machine-disk.ts';
import { kernelWords, machineShape } from './machine-files.ts';
import { mmdebstrapArguments } from './mmdebstrap.ts';
import { debianArchitecture, findRecipe } from './recipes.ts';

export type BuildPlace = { cacheDirectory: string; scratchDirectory: string; architecture: string | undefined };
export type BuildNeeds = BuildPlace & {
  receive(parts: ReceiveParts, options: ReceiveOptions): Promise<ReceivedImage>;
};
export type { BuildOptions } from './bootstrap.ts';

/** Older results lack security updates. */
const cacheAgeMs = 30 * 24 * 3600_000;

export async function buildDebian(
  needs: BuildNeeds,
  alias: string,
  { type = 'container', ...options }: BuildOptions & { type?: GuestKind },
): Promise<ReceivedImage> {
  const built = await ensureBuilt(needs, alias, type, options);
  const [metadata, rootfs] = [join(built, 'metadata'), join(built, 'rootfs')];
  return needs.receive({ metadata: createReadStream(metadata), rootfs: createReadStream(rootfs) }, options);
}

/** The folder with `metadata` and `rootfs`, built when there is none or it has grown old. */
export async function ensureBuilt(
  place: BuildPlace,
  alias: string,
  type: GuestKind,
  options: BuildOptions,
): Promise<string> {
  const recipe = findRecipe(alias, place.architecture);
  const architecture = debianArchitecture(place.architecture);
  if (!recipe || !architecture || (type === 'virtual-machine' && recipe.machinePackages.length === 0))
    throw new ImageRefused(
      'not-found',
      `there is no recipe for ${JSON.stringify(alias)} as a ${type} on this host`,
      'see: gast image list recipes',
    );
  const mirrors = findMirrors(await hostSources());
  if (!mirrors)
    throw new ImageRefused(
      'unsupported',
      'the apt sources of this host name no Debian mirror to build from',
      'add one to /etc/apt/sources.list.d, or import an image: gast image import',
    );
  const shape = (type === 'container' ? containerShape : machineShape)(recipe, mirrors);
  const plan = { recipe, mirrors, architecture, shape };
  const family = type === 'container' ? recipe.suite : `machine-${recipe.suite}`;
  const cached = join(place.cacheDirectory, `${family}-${recipeHash(plan, type)}`);
  if (!(await isFresh(join(cached, 'rootfs')))) {
    if (type === 'virtual-machine') checkMachineTools();
    await buildInto(cached, place, { ...plan, type, family }, options);
  }
  return cached;
}

type Wanted = Plan & { type: GuestKind; family: string };

/** Everything that shapes the result. */
function recipeHash({ recipe, mirrors, architecture, shape }: Plan, type: GuestKind): string {
  const { packages } = shape;
  const fixed = { recipe, mirrors, architecture, packages, aptOptions: [], customizePath: '', mode: 'root' as const };
  const ofType = type === 'container' ? templates : [kernelWords, propertiesOf[type]];
  const made = [mmdebstrapArguments(fixed), shape.files, customizeScript('', shape), ofType];
  return createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 16);
}

async function isFresh(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < cacheAgeMs;
}

async function buildInto(cached: string, place: BuildPlace, plan: Wanted, options: BuildOptions): Promise<void> {
  await mkdir(place.scratchDirectory, { recursive: true, mode: 0o700 });
  await mkdir(place.cacheDirectory, { recursive: true, mode: 0o700 });
  await using scratch = await temporaryFolder(join(place.scratchDirectory, 'build-'));
  await using result = await temporaryFolder(join(dirname(cached), '.new-'));
  const rootfs = join(result.path, 'rootfs');
  await bootstrapDebian(scratch.path, plan, options, (tree) =>
    writeRootfs[plan.type](tree, rootfs, scratch.path, options),
  );
  await writeMetadata(join(result.path, 'metadata'), scratch.path, place.architecture ?? '', plan, options);
  await dropOlder(cached, plan.family);
  await rename(result.path, cached);
}

type Write = (tree: AsyncIterable<Buffer>, target: string, scratch: string, options: BuildOptions) => Promise<void>;

const writeRootfs: Record<GuestKind, Write> = {
  async container(tree, target, _scratch, options) {
    await compressTo(tree, 'zstd', createWriteStream(target, { mode: 0o600 }), options);
  },
  async 'virtual-machine'(stream, target, scratch, { progress, signal }) {
    const [tree, work] = [join(scratch, 'tree'), join(scratch, 'disk')];
    await mkdir(tree, { mode: 0o755 });
    await mkdir(work);
    await unpackTar(stream, tree, { signal });
    progress?.('making the disk');
    await makeMachineDisk({ tree, scratch: work, target }, signal);
  },
};

async function temporaryFolder(prefix: string): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(prefix);
  inUse.add(path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
      inUse.delete(path);
    },
  };
}

/** Nobody has signed the boot loader of our disk. */
const propertiesOf: Record<GuestKind, Record<string, string>> = {
  container: {},
  'virtual-machine': { 'requirements.secureboot': 'false' },
};

async function writeMetadata(
  target: string,
  scratch: string,
  architecture: string,
  { recipe, type }: Wanted,
  options: BuildOptions,
): Promise<void> {
  const top = join(scratch, 'top');
  await mkdir(join(top, 'templates'), { recursive: true });
  const template = (name: string) => ({
    when: ['create', 'copy'] as const,
    createOnly: false,
    template: name,
    properties: {},
  });
  // Files on a disk are not written from outside; a machine asks for its name when it asks for its address.
  const written = type === 'container' ? templates : {};
  for (const [name, text] of Object.entries(written)) await writeFile(join(top, 'templates', name), text);
  const metadata = {
    architecture,
    creationDate: new Date(),
    properties: {
      os: 'Debian',
      release: recipe.suite,
      version: recipe.version,
      architecture: debianArchitecture(architecture) ?? architecture,
      variant: 'default',
      description: recipe.description,
      serial: new Date().toISOString().slice(0, 10).replaceAll('-', ''),
      ...propertiesOf[type],
    },
    templates:
      type === 'container' ? { '/etc/hostname': template('hostname.tpl'), '/etc/hosts': template('hosts.tpl') } : {},
  };
  await writeFile(join(top, 'metadata.yaml'), formatMetadata(metadata as unknown as ImageMetadata));
  const packed = packTar([{ directory: top, entries: ['metadata.yaml', 'templates'] }], { signal: options.signal });
  await compressTo(packed, 'gzip', createWriteStream(target, { mode: 0o600 }), options);
}

async function dropOlder(cached: string, family: string): Promise<void> {
  for (const name of await readdir(dirname(cached)))
    if (name.startsWith(`${family}-`)) await rm(join(dirname(cached), name), { recursive: true, force: true });
}

async function hostSources(): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const paths = [
    '/etc/apt/sources.list',
    ...names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(folder, name)),
  ];
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
  return texts.filter((text) => text !== '');
}
