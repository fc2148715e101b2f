/** Whether virtual machines can run on this host at all. */
import { statSync } from 'node:fs';
import { baseEnvironment, run } from '../../host/run.ts';
import { HostError } from '../../lib/host-error.ts';

const help = 'install the packages that tools/vm-packages names, on Debian: apt install qemu-system-x86 qemu-utils';

/** Programs that have answered, as they were then. What does not answer is asked again. */
const answered = new Map<string, string>();

export async function whyUnusable(program: string): Promise<string | undefined> {
  const stamp = programStamp(program);
  if (stamp !== undefined && answered.get(program) === stamp) return undefined;
  try {
    await run(program, ['--version']);
    if (stamp !== undefined) answered.set(program, stamp);
    return undefined;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return `${error.message}: ${help}`;
  }
}

/** Another one after each upgrade; undefined when the program is nowhere. */
export function programStamp(program: string): string | undefined {
  const places = program.includes('/')
    ? [program]
    : baseEnvironment.PATH.split(':').map((folder) => `${folder}/${program}`);
  for (const path of places) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found) return `${path} ${found.mtimeMs} ${found.size}`;
  }
  return undefined;
}

const withSpice = new Set<string>();

/** A module in a package of its own from Debian 13 on; asked again until it is there. */
export async function hasSpice(program: string): Promise<boolean> {
  if (withSpice.has(program)) return true;
  try {
    await run(program, ['-spice', 'port=0', '-version']);
    withSpice.add(program);
    return true;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return false;
  }
}
