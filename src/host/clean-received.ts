/** Looks through a tree that a stranger has filled. Nobody writes to it any more, but its names may be anything. */
import { HostError } from '../lib/host-error.ts';
import { run } from './run.ts';

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Takes device nodes away; the file system may be mounted without `nodev` one day. Throws when a file belongs to an id that
 * no guest has.
 */
export async function cleanReceived(directory: string, largestId: number, signal: AbortSignal): Promise<void> {
  const { stdout } = await run(
    'find',
    [
      ...[directory, '-xdev', '(', '-type', 'b', '-o', '-type', 'c', ')', '-delete'],
      ...['-o', '(', '-uid', `+${largestId}`, '-o', '-gid', `+${largestId}`, ')', '-printf', '%U:%G %P', '-quit'],
    ],
    { timeoutMs: dayMs, signal },
  );
  if (stdout === '') return;
  const [owner = '', ...words] = stdout.split(' ');
  const file = JSON.stringify(words.join(' ').slice(0, 200));
  throw new HostError(`the file ${file} belongs to ${owner}, outside of the ids 0 to ${largestId} that a guest has`, {
    help: 'privileged containers and those with an id map of their own cannot be received',
  });
}
