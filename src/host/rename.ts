/** The two renames that rename(2) lacks: never replacing, and swapping. Both are atomic. */
import { call } from './libc.ts';
import { naming } from './mount.ts';

const atFdCwd = -100;
const noReplace = 1;
const exchange = 2;

const renameat2 = call<[number, string, number, string, number]>(
  'int renameat2(int fromDirectory, const char *from, int toDirectory, const char *to, unsigned int flags)',
);

/** Renames; throws `HostError` with errno EEXIST when the new name is taken, even by an empty directory. */
export function renameToNew(from: string, to: string): void {
  naming(to, () => renameat2(atFdCwd, from, atFdCwd, to, noReplace));
}

/** Both names stay; what was behind one is behind the other. */
export function exchangeNames(one: string, other: string): void {
  naming(one, () => renameat2(atFdCwd, one, atFdCwd, other, exchange));
}
