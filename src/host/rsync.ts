/**
 * rsync as the sending and the receiving half of a transfer between two servers. Its options are part of the protocol: both
 * halves have to be started with the same ones, and these are those of Incus and LXD. The other half is a stranger, so each
 * runs confined to the tree that it is for.
 */
import type { Duplex, Readable, Writable } from 'node:stream';
import { type ConfinedTree, startConfined } from './confined.ts';
import { run } from './run.ts';

export type RsyncFeature = 'xattrs' | 'delete' | 'compress' | 'zstd' | 'hard_links' | 'acls';
export type RsyncTree = Omit<ConfinedTree, 'readOnly'>;
export type RsyncOptions = { room: string; features: readonly RsyncFeature[]; signal: AbortSignal };
export type RsyncHalf = { input: Writable; output: Readable; ended: Promise<void>; kill(): void };

const common = ['--devices', '--numeric-ids', '--partial', '--sparse'];

/** In this order, as Incus gives them. */
const featureArguments: Record<RsyncFeature, readonly string[]> = {
  xattrs: ['--xattrs', '--filter=-x security.selinux'],
  delete: ['--delete'],
  compress: ['--compress', '--compress-level=2'],
  // Ten times as fast as zlib and MD5, which rsync takes where it cannot ask the other half.
  zstd: ['--compress', '--compress-choice=zstd', '--compress-level=1', '--checksum-choice=xxh128'],
  hard_links: ['--hard-links'],
  acls: ['--acls'],
};
const argumentsOf = (features: readonly RsyncFeature[]) =>
  (Object.keys(featureArguments) as RsyncFeature[])
    .filter((feature) => features.includes(feature) && !(feature === 'compress' && features.includes('zstd')))
    .flatMap((feature) => featureArguments[feature]);

let zstdKnown: Promise<boolean> | undefined;

/** Whether the rsync of this host was built with zstd and xxHash. */
export function rsyncKnowsZstd(): Promise<boolean> {
  zstdKnown ??= run('rsync', ['--version']).then(({ stdout }) => /\bxxh128\b/.test(stdout) && /\bzstd\b/.test(stdout));
  return zstdKnown;
}

/**
 * What a received file may carry beside its content, as with images: the rest would be taken at its word by the host's
 * kernel (`user.overlay.*` redirects lookups of an overlay, `security.ima` and the like label).
 */
const attributeFilters = ['-x user.overlay.*', '+x user.*', '+x security.capability', '-x *'];

/**
 * rsync makes the connection by a program that it starts itself (what follows its name is for a remote shell, and ignored):
 * socat carries the bytes to the descriptor that came with the start, so there is no socket that others could reach.
 */
export const connection = `sh -c 'exec socat -t0.01 -b262144 STDIO FD:3'`;

export const senderArguments = (features: readonly RsyncFeature[]): string[] => [
  '-ar',
  ...common,
  ...argumentsOf(features),
];

export function startRsyncSender(tree: RsyncTree, { room, features, signal }: RsyncOptions): RsyncHalf {
  const command = ['rsync', ...senderArguments(features), './', 'localhost:/volume', '-e', connection];
  const confinement = { room, capabilities: '-all,+dac_read_search' };
  const sender = startConfined(confinement, { ...tree, readOnly: true }, command, { channel: true, signal });
  const channel = sender.channel as Duplex;
  return { input: channel, output: channel, ended: sender.ended, kill: sender.kill };
}

/** Device nodes are made (a sender of Incus sends them) but cannot be opened in there; the caller takes them away. */
const receiverCapabilities = '-all,+chown,+dac_override,+dac_read_search,+fowner,+fsetid,+setfcap,+mknod';

export function startRsyncReceiver(tree: RsyncTree, { room, features, signal }: RsyncOptions): RsyncHalf {
  const filters = features.includes('xattrs') ? attributeFilters.map((rule) => `--filter=${rule}`) : [];
  const command = [
    ...['rsync', '--server', '-vlogDtpre.iLsfx', ...common, '--modify-window=-1'],
    ...argumentsOf(features),
    ...filters,
    ...['.', './'],
  ];
  const confinement = { room, capabilities: receiverCapabilities };
  const options = { stdin: 'pipe', stdout: 'pipe', signal } as const;
  const receiver = startConfined(confinement, { ...tree, readOnly: false }, command, options);
  return {
    input: receiver.stdin as Writable,
    output: receiver.stdout as Readable,
    ended: receiver.ended,
    kill: receiver.kill,
  };
}
