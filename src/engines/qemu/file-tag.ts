/** By what a file is known again in a running QEMU, which sees descriptors only: nodes and their names change with snapshots. */
import { createHash } from 'node:crypto';
import type { Qmp } from './qmp.ts';

/** Kept with the descriptor set (`opaque`); of letters and digits only. */
export const fileTag = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 16);

type FdSet = { 'fdset-id': number; fds: { fd: number; opaque?: string }[] };
const fdSets = async ({ ask }: Qmp) => (await ask('query-fdsets')) as FdSet[];

export type BlockNode = { 'node-name': string; drv: string; file: string };

export const blockNodes = async ({ ask }: Qmp) => (await ask('query-named-block-nodes', { flat: true })) as BlockNode[];

/** The descriptor set with this tag. */
export async function setOf(qmp: Qmp, tag: string): Promise<number | undefined> {
  return (await fdSets(qmp)).find(({ fds }) => fds.some(({ opaque }) => opaque === tag))?.['fdset-id'];
}

export type FileNode = { node: string; set: number };

/** The format node of a file; undefined when QEMU does not have it open. */
export async function nodeOfFile(qmp: Qmp, path: string): Promise<FileNode | undefined> {
  const set = await setOf(qmp, fileTag(path));
  if (set === undefined) return undefined;
  const found = (await blockNodes(qmp)).find(
    ({ drv, file }) => drv !== 'file' && ownFile(file) === `/dev/fdset/${set}`,
  );
  return found && { node: found['node-name'], set };
}

/** Descriptors of a set that were handed over beside the first one. */
export async function untagged(qmp: Qmp, set: number): Promise<number[]> {
  const found = (await fdSets(qmp)).find((one) => one['fdset-id'] === set);
  return (found?.fds ?? []).filter(({ opaque }) => opaque === undefined).map(({ fd }) => fd);
}

/** A node that was started with others below it tells of all of them. */
export function ownFile(file: string): string {
  if (!file.startsWith('json:')) return file;
  const { file: own } = JSON.parse(file.slice('json:'.length)) as { file?: { filename?: string } };
  return own?.filename ?? file;
}
