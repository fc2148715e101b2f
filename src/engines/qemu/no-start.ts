/** Why QEMU did not start, in words for who asked for it; QEMU's own where nothing better is known. */
import { HostError } from '../../lib/host-error.ts';

type Reason = { says: RegExp; message: string; errno?: string; help: string };

const reasons: readonly Reason[] = [
  {
    says: /Failed to get (?:shared )?"\w+" lock/,
    message: 'a disk of it is in use by another program',
    errno: 'EBUSY',
    help: 'see who has it open: lsof, or another machine with the same disk',
  },
  {
    says: /cannot set up guest memory|Cannot allocate memory/,
    message: 'the host does not have the memory for it',
    errno: 'ENOMEM',
    help: 'give it less (limits.memory), or stop others',
  },
];

export function noStart(words: string, cause: Error): HostError {
  const known = reasons.find(({ says }) => says.test(words));
  const said = words.trim().split('\n').slice(-3).join(' / ');
  if (!known) return new HostError(`QEMU did not start: ${said || cause.message}`, { cause });
  const { message, errno, help } = known;
  return new HostError(`QEMU did not start: ${message}`, { ...(errno ? { errno } : {}), help, cause });
}
