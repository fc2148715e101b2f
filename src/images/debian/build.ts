/** Builds a Debian image with mmdebstrap from the mirror that the host itself uses; results are kept for the next time. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defaultLimits } from '../../archives/check-members.ts';
import { rootFilter } from '../../archives/root-filter.ts';
import { freeBytes } from '../../archives/store-stream.ts';
import { type ImageMetadata, ImageRefused, type Progress, type ReceivedImage } from '../../core/ports/images.ts';
import { compressTo } from '../../host/compress.ts';
import { outputOf, startPiped } from '../../host/piped.ts';
import { run } from '../../host/run.ts';
import { packTar } from '../../host/tar.ts';
import { imageArchive } from '../image-archive.ts';
import { formatMetadata } from '../metadata.ts';
import type { ReceiveOptions, ReceiveParts } from '../receive.ts';
import { inUse } from '../sweep-folder.ts';
import { type DebianMirrors, downloadOptions, findMirrors } from './apt-sources.ts';
import { customizeScript, guestFiles, templates } from './guest-files.ts';
import { mmdebstrapArguments, mmdebstrapProgress } from './mmdebstrap.ts';
import { type DebianRecipe, debianArchitecture, findRecipe } from './recipes.ts';

export type BuildNeeds = {
  cacheDirectory: string;
  scratchDirectory: string;
  architecture: string | undefined;
  receive(parts: ReceiveParts, options: ReceiveOptions): Promise<ReceivedImage>;
};
export type BuildOptions = { progress?: Progress; signal?: AbortSignal };

/** Older results lack security updates. */
const cacheAgeMs = 30 * 24 * 3600_000;

export async function buildDebian(needs: BuildNeeds, alias: string, options: BuildOptions): Promise<ReceivedImage> {
  const recipe = findRecipe(alias, needs.architecture);
  const architecture = debianArchitecture(needs.architecture);
  if (!recipe || !architecture)
    throw new ImageRefused(
      'not-found',
      `there is no recipe for ${JSON.stringify(alias)}`,
      'see: gast image list recipes',
    );
  const mirrors = findMirrors(await hostSources());
  if (!mirrors)
    throw new ImageRefused(
      'unsupported',
      'the apt sources of this host name no Debian mirror to build from',
      'add one to /etc/apt/sources.list.d, or import an image: gast image import',
    );
  const cached = join(needs.cacheDirectory, `${recipe.suite}-${recipeHash(recipe, mirrors, architecture)}`);
  if (!(await isFresh(join(cached, 'rootfs'))))
    await buildInto(cached, needs, { recipe, mirrors, architecture }, options);
  return needs.receive(
    { metadata: createReadStream(join(cached, 'metadata')), rootfs: createReadStream(join(cached, 'rootfs')) },
    options,
  );
}

type Plan = { recipe: DebianRecipe; mirrors: DebianMirrors; architecture: string };

/** Everything that shapes the result. */
export function recipeHash(recipe: DebianRecipe, mirrors: DebianMirrors, architecture: string): string {
  const fixed = { recipe, mirrors, architecture, aptOptions: [], customizePath: '', mode: 'root' as const };
  const shape = [mmdebstrapArguments(fixed), guestFiles(recipe, mirrors), customizeScript(''), templates];
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16);
}

async function isFresh(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < cacheAgeMs;
}

async function buildInto(cached: string, needs: BuildNeeds, plan: Plan, options: BuildOptions): Promise<void> {
  await mkdir(needs.scratchDirectory, { recursive: true, mode: 0o700 });
  await mkdir(needs.cacheDirectory, { recursive: true, mode: 0o700 });
  await using scratch = await temporaryFolder(join(needs.scratchDirectory, 'build-'));
  await using result = await temporaryFolder(join(dirname(cached), '.new-'));
  await runMmdebstrap(join(result.path, 'rootfs'), scratch.path, plan, options);
  await writeMetadata(join(result.path, 'metadata'), scratch.path, needs.architecture ?? '', plan.recipe, options);
  await dropOlder(cached, plan.recipe.suite);
  await rename(result.path, cached);
}

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

async function runMmdebstrap(target: string, scratch: string, plan: Plan, options: BuildOptions): Promise<void> {
  const files = join(scratch, 'files');
  const customizePath = join(scratch, 'customize');
  for (const [path, text] of Object.entries(guestFiles(plan.recipe, plan.mirrors))) {
    await mkdir(dirname(join(files, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(files, path), text, { mode: 0o644 });
  }
  await writeFile(customizePath, customizeScript(files), { mode: 0o755 });
  const temporary = join(scratch, 'tmp');
  await mkdir(temporary);
  // apt drops to the user _apt, who must be able to enter.
  await chmod(temporary, 0o755);
  const { stdout: aptConfig } = await run('apt-config', ['dump']);
  const mode = process.getuid?.() === 0 ? 'root' : 'unshare';
  const args = mmdebstrapArguments({ ...plan, aptOptions: downloadOptions(aptConfig), customizePath, mode });
  options.progress?.('starting');
  const program = startPiped('mmdebstrap', args, {
    stdout: 'pipe',
    env: { TMPDIR: temporary, ...proxyEnvironment(), SOURCE_DATE_EPOCH: String(Math.floor(Date.now() / 1000)) },
    onLine: (line) => {
      const text = mmdebstrapProgress(line);
      if (text) options.progress?.(text);
    },
    graceMs: 10_000,
    signal: options.signal,
  });
  const limits = { ...defaultLimits, storedBytes: await freeBytes(scratch) };
  const filtered = rootFilter({ prefix: '', limits, subject: imageArchive })(outputOf(program));
  try {
    await compressTo(filtered, 'zstd', createWriteStream(target, { mode: 0o600 }), options);
  } catch (error) {
    // mmdebstrap cleans up after SIGTERM; a program that says why it failed says more than its cut-off tar.
    await program.ended;
    throw error;
  }
}

/** The proxies that the daemon was started with. */
function proxyEnvironment(): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

async function writeMetadata(
  target: string,
  scratch: string,
  architecture: string,
  recipe: DebianRecipe,
  options: BuildOptions,
): Promise<void> {
  const top = join(scratch, 'top');
  await mkdir(join(top, 'templates'), { recursive: true });
  for (const [name, text] of Object.entries(templates)) await writeFile(join(top, 'templates', name), text);
  const template = (name: string) => ({
    when: ['create', 'copy'] as const,
    createOnly: false,
    template: name,
    properties: {},
  });
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
    },
    templates: { '/etc/hostname': template('hostname.tpl'), '/etc/hosts': template('hosts.tpl') },
  };
  await writeFile(join(top, 'metadata.yaml'), formatMetadata(metadata as unknown as ImageMetadata));
  const packed = packTar([{ directory: top, entries: ['metadata.yaml', 'templates'] }], { signal: options.signal });
  await compressTo(packed, 'gzip', createWriteStream(target, { mode: 0o600 }), options);
}

async function dropOlder(cached: string, suite: string): Promise<void> {
  for (const name of await readdir(dirname(cached)))
    if (name.startsWith(`${suite}-`)) await rm(join(dirname(cached), name), { recursive: true, force: true });
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
