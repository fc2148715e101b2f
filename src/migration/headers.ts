/** Offers and answers of the control socket, and what they mean to us. */
import {
  type MigrationKind,
  type MigrationOffer,
  MigrationRefused,
  type TravellingSnapshot,
} from '../core/ports/migration.ts';
import type { RsyncFeature } from '../host/rsync.ts';
import { decodeMessage, encodeMessage, ProtobufDamaged, type Values } from '../lib/protobuf.ts';
import {
  type ControlMessage,
  criuTypes,
  type FeatureMessage,
  fsTypes,
  type HeaderMessage,
  migrationControl,
  migrationHeader,
  type SnapshotMessage,
} from './messages.ts';

export const encodeHeader = (header: HeaderMessage): Buffer => encodeMessage(migrationHeader, header);
export const encodeControl = (control: ControlMessage): Buffer => encodeMessage(migrationControl, { ...control });

/** Whoever fails before the handshake is over says so in place of its header. */
export function decodeHeader(bytes: Uint8Array): HeaderMessage {
  try {
    return decodeMessage(migrationHeader, bytes) as HeaderMessage;
  } catch (error) {
    if (!(error instanceof ProtobufDamaged)) throw error;
    const control = failureIn(bytes);
    if (control?.message) throw new MigrationRefused(`the other server says: ${control.message}`);
    throw new MigrationRefused(`the other server sent a damaged header: ${error.message}`, error);
  }
}

export function decodeControl(bytes: Uint8Array): ControlMessage {
  try {
    return decodeMessage(migrationControl, bytes) as ControlMessage;
  } catch (error) {
    if (!(error instanceof ProtobufDamaged)) throw error;
    throw new MigrationRefused(`the other server sent a damaged message: ${error.message}`, error);
  }
}

function failureIn(bytes: Uint8Array): ControlMessage | undefined {
  try {
    const control = decodeMessage(migrationControl, bytes) as ControlMessage;
    return control.success ? undefined : control;
  } catch {
    return undefined;
  }
}

/** What rsync can do on both of our sides; the first four are those of Incus. */
const ourFeatures: FeatureMessage = {
  xattrs: true,
  delete: true,
  compress: true,
  bidirectional: true,
  hard_links: true,
  acls: true,
};
const incusFeatures = ['xattrs', 'delete', 'compress', 'bidirectional'] as const;
const indexHeaderVersion = 1;

export function offerHeader(offer: MigrationOffer, zstd = false): HeaderMessage {
  const snapshots = offer.snapshots.map((snapshot) => snapshotMessage(snapshot, offer.kind));
  return {
    fs: fsTypeOf(offer.kind),
    ...(offer.live ? { criu: criuTypes.vm } : {}),
    ...(snapshots.length > 0 ? { snapshotNames: snapshots.map(({ name }) => name), snapshots } : {}),
    ...(offer.kind === 'volume' ? {} : { predump: false }),
    rsyncFeatures: {
      ...ourFeatures,
      ...(zstd ? { zstd } : {}),
      ...(offer.kind === 'machine' ? { sparse_disks: true } : {}),
      ...(offer.live ? { live_machine: true } : {}),
    },
    ...(offer.kind === 'instance' ? {} : { volumeSize: offer.diskBytes ?? 0 }),
    indexHeaderVersion,
  };
}

/** The answer to an offer. Every feature of Incus is named, also those that are off. */
export function answerHeader(
  kind: MigrationKind,
  offered: HeaderMessage,
  wanted: readonly string[],
  refresh: boolean,
  zstd = false,
): HeaderMessage {
  const snapshots = (offered.snapshots ?? []).filter(({ name }) => wanted.includes(name));
  const ours = ['hard_links', 'acls', 'sparse_disks', 'live_machine', ...(zstd ? (['zstd'] as const) : [])] as const;
  const own = ours.filter((name) => offered.rsyncFeatures?.[name] === true);
  return {
    fs: fsTypeOf(kind),
    ...(runsOnSource(offered) ? { criu: criuTypes.none } : {}),
    ...(comesLive(offered) ? { criu: criuTypes.vm } : {}),
    ...(wanted.length > 0 ? { snapshotNames: [...wanted], snapshots } : {}),
    ...(offered.predump === undefined ? {} : { predump: false }),
    rsyncFeatures: {
      ...Object.fromEntries(incusFeatures.map((name) => [name, offered.rsyncFeatures?.[name] === true])),
      ...Object.fromEntries(own.map((name) => [name, true])),
    },
    refresh,
    ...(offered.volumeSize === undefined ? {} : { volumeSize: offered.volumeSize }),
    indexHeaderVersion: Math.min(offered.indexHeaderVersion ?? 0, indexHeaderVersion),
  };
}

export function commonFeatures(theirs: FeatureMessage | undefined): RsyncFeature[] {
  const names: RsyncFeature[] = ['xattrs', 'delete', 'compress', 'zstd', 'hard_links', 'acls'];
  return names.filter((name) => theirs?.[name] === true);
}

/** What comes by rsync, and whether bytes of a disk follow it. */
export const fsTypeOf = (kind: MigrationKind): number => (kind === 'machine' ? fsTypes.blockAndRsync : fsTypes.rsync);

/** The guest runs over there, and its files are sent twice: the second time while it stands still. */
export const runsOnSource = (offered: HeaderMessage): boolean => offered.criu === criuTypes.none;

/** A virtual machine that runs, with its memory, in our own way: in an offer that it is to go so, in an answer that it may. */
export const comesLive = ({ criu, rsyncFeatures }: HeaderMessage): boolean =>
  criu === criuTypes.vm && rsyncFeatures?.live_machine === true;

/** Throws for what we cannot receive. `live`: a machine that runs was asked for. */
export function checkOffer(kind: MigrationKind, offered: HeaderMessage, live = false): void {
  if (offered.fs === fsTypes.blockAndRsync && kind === 'volume')
    throw new MigrationRefused('volumes of blocks cannot be received here');
  if (offered.fs === fsTypes.blockAndRsync && kind === 'instance')
    throw new MigrationRefused('the other server sends a virtual machine, and a container was asked for');
  if (offered.fs === fsTypes.rsync && kind === 'machine')
    throw new MigrationRefused('the other server sends a container, and a virtual machine was asked for');
  const mayBeLive = live && kind === 'machine' && comesLive(offered);
  if (offered.criu !== undefined && !runsOnSource(offered) && !mayBeLive)
    throw new MigrationRefused('live migration is not supported; stop the instance or copy it stateless');
  // Each state arrives in the tree of the one before.
  if (!offered.rsyncFeatures?.delete)
    throw new MigrationRefused('the other server cannot take away files of the state before (rsync --delete)');
  const names = offered.snapshotNames ?? [];
  if (new Set(names).size !== names.length) throw new MigrationRefused('the other server sends a snapshot twice');
  if (names.join('/') !== (offered.snapshots ?? []).map(({ name }) => name).join('/'))
    throw new MigrationRefused('the other server names snapshots without their configuration');
}

/** Numbers of the LXC project; 0 is unknown. */
const architectures = ['', 'i686', 'x86_64', 'armv7l', 'aarch64', 'ppc', 'ppc64', 'ppc64le', 's390x', 'mips', 'mips64'];
architectures[11] = 'riscv32';
architectures[12] = 'riscv64';

/** Times of volumes travel in nanoseconds, all others in seconds. */
const timeOf = (date: Date | undefined, kind: MigrationKind) =>
  kind === 'volume' ? (date?.getTime() ?? 0) * 1e6 : Math.floor((date?.getTime() ?? zeroTimeMs) / 1000);
/** Year 1, the zero of Go's time. */
const zeroTimeMs = -62_135_596_800_000;
const endOfTimeMs = 253_402_300_800_000;

function dateOf(time: number | undefined, kind: MigrationKind): Date | undefined {
  const ms = kind === 'volume' ? Math.floor((time ?? 0) / 1e6) : (time ?? 0) * 1000;
  return ms > 0 && ms < endOfTimeMs ? new Date(ms) : undefined;
}

const pairs = (map: Record<string, string>) => Object.entries(map).map(([key, value]) => ({ key, value }));
const mapOf = (list: readonly { key: string; value: string }[] | undefined) =>
  Object.fromEntries((list ?? []).map(({ key, value }) => [key, value]));

function snapshotMessage(snapshot: TravellingSnapshot, kind: MigrationKind): SnapshotMessage & Values {
  return {
    name: snapshot.name,
    localConfig: pairs(snapshot.config),
    profiles: snapshot.profiles,
    ephemeral: snapshot.ephemeral,
    localDevices: Object.entries(snapshot.devices).map(([name, config]) => ({ name, config: pairs(config) })),
    architecture: Math.max(0, architectures.indexOf(snapshot.architecture)),
    stateful: snapshot.stateful,
    creation_date: timeOf(snapshot.createdAt, kind),
    last_used_date: timeOf(snapshot.lastUsedAt, kind),
    expiry_date: timeOf(snapshot.expiresAt, kind),
  };
}

export function snapshotOf(message: SnapshotMessage, kind: MigrationKind): TravellingSnapshot {
  return {
    name: message.name,
    config: mapOf(message.localConfig),
    devices: Object.fromEntries((message.localDevices ?? []).map(({ name, config }) => [name, mapOf(config)])),
    profiles: message.profiles ?? [],
    ephemeral: message.ephemeral,
    stateful: message.stateful,
    architecture: architectures[message.architecture] ?? '',
    createdAt: dateOf(message.creation_date, kind) ?? new Date(0),
    lastUsedAt: dateOf(message.last_used_date, kind),
    expiresAt: dateOf(message.expiry_date, kind),
  };
}
