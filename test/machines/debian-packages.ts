/** Debian's packages, unpacked and never installed: the kernels and programs of which test machines are made. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Unpacks the kernel on which the package `meta` depends, and `others`, below `work`; gives the tree. */
export function unpackPackages(work: string, meta: string, ...others: readonly string[]): string {
  const run = (file: string, ...args: string[]) =>
    execFileSync(file, args, { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const find = () => /Depends: (linux-image-\S+)/.exec(run('apt-cache', 'depends', meta))?.[1];
  run(
    'apt-get',
    'download',
    kernelFound(find, () => run('apt-get', 'update')),
    ...others,
  );
  for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) run('dpkg-deb', '-x', file, 'tree');
  return join(work, 'tree');
}

/** A machine that was set up from an image of one often has no lists of packages. */
function kernelFound(find: () => string | undefined, update: () => void): string {
  try {
    const found = find();
    if (found) return found;
  } catch {
    // apt-cache fails for what it does not know.
  }
  update();
  return find() ?? 'no-kernel-found';
}
