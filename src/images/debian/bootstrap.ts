/** Runs mmdebstrap: the tree of a plain Debian, made a guest, as a checked tar stream. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defaultLimits } from '../../archives/check-members.ts';
import { rootFilter } from '../../archives/root-filter.ts';
import { freeBytes } from '../../archives/store-stream.ts';
import type { Progress } from '../../core/ports/images.ts';
import { outputOf, startPiped } from '../../host/piped.ts';
import { run } from '../../host/run.ts';
import { imageArchive } from '../image-archive.ts';
import { type DebianMirrors, downloadOptions } from './apt-sources.ts';
import { customizeScript, type GuestShape } from './guest-files.ts';
import { mmdebstrapArguments, mmdebstrapProgress } from './mmdebstrap.ts';
import type { DebianRecipe } from './recipes.ts';

export type BuildOptions = { progress?: Progress; signal?: AbortSignal };
export type Plan = { recipe: DebianRecipe; mirrors: DebianMirrors; architecture: string; shape: GuestShape };

/** Hands the tree to `use`. mmdebstrap has ended when this settles. */
export async function bootstrapDebian(
  scratch: string,
  plan: Plan,
  options: BuildOptions,
  use: (tree: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const files = join(scratch, 'files');
  const customizePath = join(scratch, 'customize');
  for (const [path, text] of Object.entries(plan.shape.files)) {
    await mkdir(dirname(join(files, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(files, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  await writeFile(customizePath, customizeScript(files, plan.shape), { mode: 0o755 });
  const temporary = join(scratch, 'tmp');
  await mkdir(temporary);
  // apt drops to the user _apt, who must be able to enter.
  await chmod(temporary, 0o755);
  const { stdout: aptConfig } = await run('apt-config', ['dump']);
  const mode = process.getuid?.() === 0 ? 'root' : 'unshare';
  const { packages } = plan.shape;
  const args = mmdebstrapArguments({ ...plan, packages, aptOptions: downloadOptions(aptConfig), customizePath, mode });
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
  try {
    await use(rootFilter({ prefix: '', limits, subject: imageArchive })(outputOf(program)));
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
