/** The sending side: offers, sends the index, then each wanted state. */
import {
  type MigrationOptions,
  MigrationRefused,
  type MigrationSource,
  MigrationUnsure,
  type Sockets,
} from '../core/ports/migration.ts';
import type { RsyncFeature } from '../host/rsync.ts';
import { sendDisk } from './disk-stream.ts';
import { receiveAll } from './frames.ts';
import { comesLive, commonFeatures, fsTypeOf, offerHeader } from './headers.ts';
import { type Link, withLink } from './link.ts';
import { sendLive, untilReleased } from './live.ts';
import type { HeaderMessage } from './messages.ts';
import type { Transfer } from './transfer.ts';

/** After the files have stopped, the other side's reason for it may still be under way. */
const lastWordMs = 2_000;
const replyBytes = 64 * 1024;

export function sendMigration(
  transfer: Transfer,
  sockets: Sockets,
  source: MigrationSource,
  options: MigrationOptions,
): Promise<void> {
  const held = untilReleased(options.signal);
  return withLink(sockets, { ...options, signal: held.signal }, transfer.times, async (link) => {
    await link.control.sendHeader(offerHeader(source.offer, await transfer.knowsZstd()));
    const answer = await link.control.receiveHeader();
    if (answer.fs !== fsTypeOf(source.offer.kind))
      throw new MigrationRefused('the other server does not take it in the way of rsync');
    // Nothing has changed yet.
    if (source.live && !comesLive(answer))
      throw new MigrationRefused('the other server does not take a machine that runs: stop it first, or copy it');
    const verdict = link.control.verdict();
    verdict.catch((reason: unknown) => link.cut(reason));
    try {
      await sendStates(transfer, link, source, answer);
      if (source.live) await sendLive(link, sockets, source.live, verdict, held.release);
    } catch (error) {
      if (error instanceof MigrationUnsure) throw error;
      await Promise.race([verdict, new Promise((resolve) => setTimeout(resolve, lastWordMs).unref())]);
      throw error;
    }
    await verdict;
  }).finally(held.release);
}

async function sendStates(
  transfer: Transfer,
  link: Link,
  source: MigrationSource,
  answer: HeaderMessage,
): Promise<void> {
  const { offer } = source;
  const names = offer.snapshots.map(({ name }) => name);
  const wanted = answer.refresh ? names.filter((name) => answer.snapshotNames?.includes(name)) : names;
  if ((answer.indexHeaderVersion ?? 0) > 0) await sendIndex(link, offer.index, wanted);
  const features: RsyncFeature[] = commonFeatures(answer.rsyncFeatures);
  for (const name of [...wanted, undefined])
    await source.lend(name, async (tree) => {
      await transfer.send(offer.kind, tree, link, features);
      if (tree.disk && 'content' in tree.disk)
        await sendDisk(link, tree.disk.content, answer.rsyncFeatures?.sparse_disks === true);
    });
}

/** Incus counts the volume's snapshots in the index: they have to be those that follow. */
async function sendIndex(link: Link, index: Record<string, unknown>, wanted: readonly string[]): Promise<void> {
  const all = (index.VolumeSnapshots as { name: string }[] | null) ?? [];
  const config = { ...index, VolumeSnapshots: all.filter(({ name }) => wanted.includes(name)) };
  await link.fs.send(Buffer.from(JSON.stringify({ config })));
  link.fs.end();
  const text = (await receiveAll(link.fs, replyBytes, link.times.handshakeMs)).toString();
  const reply = parseReply(text);
  if (reply.StatusCode !== 200) throw new MigrationRefused(`the other server says: ${String(reply.Error)}`);
}

function parseReply(text: string): { StatusCode?: unknown; Error?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw new MigrationRefused('the other server answered the index with something that is no JSON object');
}
