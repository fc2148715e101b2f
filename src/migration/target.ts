/** The receiving side: answers the offer, takes the index, then each state that follows. */
import {
  type MigrationOptions,
  MigrationRefused,
  type MigrationTarget,
  type Sockets,
  type TravellingSnapshot,
} from '../core/ports/migration.ts';
import { arrivingDisk, passOver } from './disk-stream.ts';
import { receiveAll } from './frames.ts';
import { answerHeader, checkOffer, comesLive, commonFeatures, runsOnSource, snapshotOf } from './headers.ts';
import { type Link, withLink } from './link.ts';
import { receiveLive, untilReleased } from './live.ts';
import { shiftOf } from './shift.ts';
import type { Transfer } from './transfer.ts';

const indexBytes = 64 * 1024 * 1024;

export function receiveMigration(
  transfer: Transfer,
  sockets: Sockets,
  target: MigrationTarget,
  options: MigrationOptions,
): Promise<void> {
  const held = untilReleased(options.signal);
  return withLink(sockets, { ...options, signal: held.signal }, transfer.times, async (link) => {
    const offered = await link.control.receiveHeader();
    checkOffer(target.kind, offered, target.live !== undefined);
    const live = comesLive(offered) ? target.live?.bind(target) : undefined;
    const snapshots = (offered.snapshots ?? []).map((snapshot) => snapshotOf(snapshot, target.kind));
    const chosen = await target.choose({ kind: target.kind, snapshots, index: {} });
    const wanted = chosen.map(({ name }) => name);
    // Without a refresh the source sends all that it has offered, whatever is answered.
    const coming = target.refresh ? chosen : snapshots;
    const names = coming.map(({ name }) => name);
    const answer = answerHeader(target.kind, offered, names, target.refresh, await transfer.knowsZstd());
    await link.control.sendHeader(answer);
    const failed = link.control.verdict();
    failed.then(
      // Of a machine that runs: it has let go of it.
      () => live || link.cut(new MigrationRefused('the other server says that it is done before it is')),
      (reason: unknown) => link.cut(reason),
    );
    const index = answer.indexHeaderVersion ? await receiveIndex(link, target.refresh) : {};
    const shift = shiftOf(target.kind, offered.idmap ?? [], index);
    const features = commonFeatures(answer.rsyncFeatures);
    const disk = { sparse: answer.rsyncFeatures?.sparse_disks === true, sizeBytes: offered.volumeSize ?? 0 };
    const receive = (snapshot?: TravellingSnapshot, isWanted = true) =>
      target.lend(async (tree) => {
        await transfer.receive(target.kind, tree, link, features, shift);
        if (live && !snapshot) return;
        if (!tree.disk || !('receive' in tree.disk)) return;
        const arriving = await arrivingDisk(link, disk.sparse, disk.sizeBytes);
        await (isWanted ? tree.disk.receive(arriving) : passOver(arriving));
      }, snapshot);
    for (const snapshot of coming) {
      const isWanted = wanted.includes(snapshot.name);
      await receive(snapshot, isWanted);
      if (isWanted) await target.keep(snapshot);
    }
    await receive();
    if (runsOnSource(offered)) await receive();
    link.signal.throwIfAborted();
    if (live) await receiveLive(link, sockets, live, failed, held.release);
    else {
      await target.finish(index);
      link.control.tell();
    }
    await link.control.farewell();
  }).finally(held.release);
}

async function receiveIndex(link: Link, refresh: boolean): Promise<Record<string, unknown>> {
  const text = (await receiveAll(link.fs, indexBytes, link.times.handshakeMs)).toString();
  const index = configOf(text);
  await link.fs.send(Buffer.from(JSON.stringify({ StatusCode: 200, Error: '', Refresh: refresh })));
  link.fs.end();
  return index;
}

function configOf(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as { config?: unknown } | null;
    const config = value?.config ?? {};
    if (typeof config === 'object') return config as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new MigrationRefused('the index that the other server sent is no JSON object');
}
