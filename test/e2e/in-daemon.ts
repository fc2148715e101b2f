/** Commands in the namespaces of a daemon: an ordinary user's has its own mounts. */
import { execFileSync } from 'node:child_process';
import { asUser } from '../own-namespaces.ts';

export function inDaemon(daemon: { pid: number }, ...command: string[]): string {
  const own = asUser ? ['--user'] : [];
  return execFileSync('nsenter', ['-t', String(daemon.pid), ...own, '-m', '--', ...command], { encoding: 'utf8' });
}
