/** What is left to do after the end of a test's daemon: ends what outlives it by design, and removes its directory. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { asUser, namesOf, namespaceHolders } from './own-namespaces.ts';

export async function clearDaemon(directory: string): Promise<void> {
  const { stage } = namesOf(directory);
  const holders = namespaceHolders(directory);
  await kill(helpersOf(directory, basename(stage)));
  // What the daemon deletes in the background (`rm`) goes on after its end, and rmSync of Node 26 takes a file that somebody
  // else has just deleted for the end of its work.
  const deadline = Date.now() + 30_000;
  do for (const path of asUser ? [directory] : [directory, stage]) removeTree(path);
  while (existsSync(directory) && Date.now() < deadline);
  // With them goes the stage of an ordinary user's daemon.
  await kill(holders);
  if (existsSync(directory)) throw new Error(`${directory} was made again or is in use: ${readdirSync(directory)}`);
}

/** Files of guests belong to ids of which an ordinary user is the owner only in a user namespace. */
export function removeTree(path: string): void {
  if (asUser) spawnSync('unshare', ['--user', '--map-root-user', '--map-auto', '--', 'rm', '-rf', path]);
  else rmSync(path, { recursive: true, force: true });
}

const outliving = /lxcfs|dnsmasq|conmon|pasta|perl/;

/** lxcfs and whoever else outlives the daemon by design: found by our directory in their command line. */
function helpersOf(directory: string, stage: string): number[] {
  const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return others.map(Number).filter((pid) => {
    const words = commandLine(pid);
    const isOurs = words.some((word) => word.includes(stage) || word.includes(directory));
    return isOurs && outliving.test(words[0] ?? '');
  });
}

/** Resolves when they are gone: until then they may write. */
async function kill(pids: number[]): Promise<void> {
  for (const pid of pids)
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  const deadline = Date.now() + 10_000;
  while (pids.some((pid) => commandLine(pid)[0]) && Date.now() < deadline) await setTimeout(5);
}

/** Empty for one that has ended. */
function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
