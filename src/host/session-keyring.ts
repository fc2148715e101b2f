/**
 * The session keyring. Every child inherits it and may read it whoever it becomes later, namespaces or not: a program in
 * a guest would hold the keys of the login or service that started us, and share a keyring with all other guests.
 */
import { HostError } from '../lib/host-error.ts';
import { errnoName, libc } from './libc.ts';

const keyctl = libc.func('syscall', 'long', ['long', 'int', 'void *']);
const numbers: Partial<Record<NodeJS.Architecture, number>> = { x64: 250, arm64: 219 };
const joinSessionKeyring = 1;
/** Kernels without keys, and hosts that are containers whose filter denies the call: there is nothing to protect. */
const withoutKeys = ['ENOSYS', 'EPERM', 'EOPNOTSUPP'];

/** Changes this thread to a new, empty session keyring: called before a child is started, the child has it to itself. */
export function joinFreshKeyring(): void {
  const number = numbers[process.arch];
  if (number === undefined || Number(keyctl(number, joinSessionKeyring, null)) >= 0) return;
  const errno = errnoName();
  if (withoutKeys.includes(errno)) return;
  const help = errno === 'EDQUOT' ? { help: 'as root: sysctl -w kernel.keys.maxkeys=2000' } : {};
  throw new HostError(`cannot make a session keyring: ${errno}`, { errno, ...help });
}
