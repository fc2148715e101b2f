/** One question to a virtual machine about its files: starts the program in it, reads the answer, tells refusals apart. */

import type { ExecSession } from '../../core/ports/engine.ts';
import type { FileRefused, MachineRoot } from '../../core/ports/files.ts';
import { HostError } from '../../lib/host-error.ts';
import { refuse } from '../refusal.ts';
import { program } from './program.ts';

/** More than any list of names that is shown; a guest could send without end. */
const longestAnswer = 32 * 2 ** 20;
const longestComplaint = 4096;

export type Asked = { session: ExecSession; complaint: () => string };

/** Words of the program: verb, path, and what the verb takes. */
export async function start(root: MachineRoot, words: readonly string[]): Promise<Asked> {
  const session = await root.exec(['sh', '-c', program, 'gast-files', ...words]);
  let complaint = '';
  session.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-longestComplaint);
  });
  return { session, complaint: () => complaint };
}

/** A question without content: all that the guest answers. */
export async function ask(root: MachineRoot, words: readonly string[]): Promise<Buffer> {
  const asked = await start(root, words);
  asked.session.stdin.end();
  const answer: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of asked.session.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    answer.push(chunk);
    if (bytes <= longestAnswer) continue;
    asked.session.kill();
    throw refuse('no-space', words[1] ?? '', 'the machine answers without an end');
  }
  await finished(asked, words[1] ?? '');
  return Buffer.concat(answer);
}

/** Resolves when the guest has done it, else says why not. */
export async function finished({ session, complaint }: Asked, path: string): Promise<void> {
  const code = await session.exitCode;
  if (code !== 0) throw refusalOf(path, code, complaint());
}

type Reason = FileRefused['reason'];

const texts: Partial<Record<Reason, string>> = {
  'is-a-directory': 'is a directory',
  special: 'is a device, FIFO or socket',
  exists: 'exists already',
  loop: 'links lead round in a circle',
  'too-long': 'the name is too long',
  unable: 'the machine has no sftp-server: install openssh-sftp-server in it',
  interrupted: 'the content did not come to its end',
};

/** Ends of what tools say in the locale C, of glibc and musl. */
const complaints: readonly [end: RegExp, reason: Reason, text: string][] = [
  [/No such file or directory$/, 'not-found', 'does not exist'],
  [/Not a directory$/, 'not-a-directory', 'a part of the path is not a directory'],
  [/Is a directory$/, 'is-a-directory', 'is a directory'],
  [/Directory not empty$/, 'not-empty', 'the directory is not empty'],
  [/File exists$/, 'exists', 'exists already'],
  [/(Too many (levels of )?symbolic links( encountered)?|Symbolic link loop)$/, 'loop', 'links lead round in a circle'],
  [/(No space left on device|Disk quota exceeded|Quota exceeded|File too large)$/, 'no-space', 'no space left'],
  [/Read-only file system$/, 'read-only', 'is on a read-only file system'],
  [/File ?name too long$/, 'too-long', 'the name is too long'],
  [/(Device or resource|Resource) busy$/, 'special', 'is in use by the system, for example as a mount point'],
  [/Invalid argument$/, 'invalid', 'is not a usable path'],
];

function refusalOf(path: string, code: number, complaint: string): Error {
  const lines = complaint.trim().split('\n');
  const last = lines.at(-1) ?? '';
  const own = /^refused (\S+)$/.exec(last)?.[1] as Reason | undefined;
  const text = own && texts[own];
  if (own && text) return refuse(own, path, text);
  for (const [end, reason, why] of complaints)
    if (lines.some((line) => end.test(line))) return refuse(reason, path, why);
  const missing = /(\S+): not found$/.exec(last)?.[1];
  if (missing) return refuse('unable', path, `the machine has no "${missing}"`);
  return new HostError(`${JSON.stringify(path)}: the machine says (${code}): ${last || 'nothing'}`);
}
