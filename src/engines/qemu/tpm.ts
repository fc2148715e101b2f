/**
 * The TPM of a machine: a swtpm of its own, alone with the folder of its store (libexec/tpm-room), under an id of the guest's
 * range that nothing else has. It is in the guest's control group and ends with its QEMU.
 */
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestSpec } from '../../core/ports/engine.ts';
import { joinGroups } from '../../host/join-groups.ts';
import { libexec } from '../../host/libexec.ts';
import { beingRoot } from '../../host/own-namespaces.ts';
import { spawnProgram } from '../../host/spawn.ts';
import { openUnixListener } from '../../host/unix-listener.ts';
import type { Layout } from './layout.ts';
import { tpmConnection } from './machine/tpm.ts';

const isolated = ['unshare', '--net', '--ipc', '--uts', '--pid', '--mount', '--propagation', 'private', '--fork', '--'];

/** Beside the one of QEMU. */
const tpmUid = (range: { base: number; size: number }) => range.base + range.size - 3;

/** The folder is seen under the guest's id, which tells whose program it is. */
export const tpmWord = (id: string) => `dir=/${id},mode=0600`;

/** It waits for QEMU when this returns; one that cannot begin makes QEMU fail, and says why in the engine's log. */
export function openTpm(layout: Layout, { id, range, machine }: GuestSpec, groups: () => readonly string[]): void {
  if (machine?.tpm === undefined) return;
  const store = machine.tpm.directory;
  const uid = tpmUid(range);
  ownStore(store, uid);
  mkdirSync(layout.room(id), { recursive: true, mode: 0o700 });
  using opened = new DisposableStack();
  const listener = opened.adopt(openUnixListener(layout.share(id, tpmConnection)), closeSync);
  const log = opened.adopt(openSync(layout.engineLog(id), 'a', 0o600), closeSync);
  const swtpm = ['swtpm', 'socket', '--tpm2', '--ctrl', 'type=unixio,fd=3', '--tpmstate', tpmWord(id), '--terminate'];
  const room = [libexec('tpm-room'), layout.room(id), String(uid), store, id, ...swtpm];
  const joined = joinGroups(groups(), [...beingRoot(), ...isolated, ...room]);
  const [file = '', ...args] = joined.words;
  spawnProgram(file, args, {
    stdio: ['ignore', log, log, listener],
    env: joined.env,
    detached: true,
    freshKeyring: true,
  });
}

/** A copy, and a guest that has got other ids, come with files of somebody else. */
function ownStore(store: string, uid: number): void {
  mkdirSync(store, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(store)) chownSync(join(store, name), uid, uid);
  chownSync(store, uid, uid);
  chmodSync(store, 0o700);
}
