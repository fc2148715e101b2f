/**
 * What is handed to a QEMU that runs. A file is a descriptor set there, and stays open, with its room and its locks, for as long
 * as anybody listens at a monitor, unless it is taken back with the node that used it.
 */
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { socketPair } from '../../host/unix-connection.ts';
import { type BlockNode, blockNodes, ownFile, setOf } from './file-tag.ts';
import type { Qmp } from './qmp.ts';

/** Closes the descriptor here. Gives the number of its set. */
export async function handFile(qmp: Qmp, descriptor: number, options?: Parameters<Qmp['handSet']>[1]): Promise<number> {
  try {
    return await qmp.handSet(descriptor, options);
  } finally {
    closeSync(descriptor);
  }
}

/** The end that stays here of a connection that QEMU has under this name, when `use` has told QEMU what for. */
export async function handSocket(qmp: Qmp, name: string, use: () => Promise<unknown>): Promise<Socket> {
  const { own, other } = socketPair();
  // Whoever reads it hears of the end; one that has gone meanwhile is nobody's failure.
  own.on('error', () => {});
  try {
    await qmp.hand(name, other);
    await use();
    return own;
  } catch (error) {
    own.destroy();
    throw error;
  } finally {
    closeSync(other);
  }
}

/** What was handed over, or given at the start, under this tag, and is used by nothing any more. */
export async function takeBack(qmp: Qmp, tag: string): Promise<void> {
  const set = await setOf(qmp, tag);
  if (set !== undefined) await qmp.ask('remove-fd', { 'fdset-id': set });
}

/** Rejects when something still stands on the node, or there is none of this name. */
export async function dropNode(qmp: Qmp, name: string): Promise<void> {
  const node = (await blockNodes(qmp)).find((one) => one['node-name'] === name);
  await dropListed(qmp, node ?? { 'node-name': name, drv: '', file: '' });
}

/** As `dropNode`, for who has the list already. */
export async function dropListed(qmp: Qmp, { 'node-name': name, file }: BlockNode): Promise<void> {
  await qmp.ask('blockdev-del', { 'node-name': name });
  const set = /^\/dev\/fdset\/(\d+)$/.exec(ownFile(file))?.[1];
  if (set !== undefined) await qmp.ask('remove-fd', { 'fdset-id': Number(set) });
}
