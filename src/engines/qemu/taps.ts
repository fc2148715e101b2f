/**
 * The last step of a network card to a machine. The host connects a card into the network namespace of a machine as it does
 * with a container's; here each gets a tap beside it, and the kernel passes every frame between the two (tc mirred). So cards,
 * filters and hot-plug are the same for both kinds of guests, and QEMU needs no right on any network.
 */
import { inNetworkNamespace, openNetworkNamespace } from '../../host/netns.ts';
import { run } from '../../host/run.ts';
import { openTapHere, type Tap } from '../../host/tap.ts';
import { tapName } from './machine/names.ts';

/** `pid`: a process in the namespace; `uid`: who may open the taps. */
export async function connectTaps(pid: number, uid: number, nics: readonly { name: string }[]): Promise<void> {
  const taps = nics.map(({ name }) => ({ card: name, tap: tapName(name) }));
  if (taps.length === 0) return;
  // Two programs for all of it: each costs as much as all that it does.
  await batch(
    pid,
    'ip',
    taps.flatMap(({ tap }) => [`tuntap add ${tap} mode tap user ${uid}`, `link set dev ${tap} up`]),
  );
  await batch(
    pid,
    'tc',
    taps.flatMap(({ card, tap }) => [...passing(card, tap), ...passing(tap, card)]),
  );
}

export const connectTap = (pid: number, uid: number, card: string): Promise<void> =>
  connectTaps(pid, uid, [{ name: card }]);

const passing = (from: string, to: string) => [
  `qdisc add dev ${from} ingress`,
  // A match of everything that kernels without cls_matchall know, too.
  `filter add dev ${from} parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev ${to}`,
];

/** The tap and what leads to it; what is not there is gone. The card itself is the host's to take away. */
export async function dropTap(pid: number, card: string): Promise<void> {
  await inside(pid, `tc qdisc del dev ${card} ingress`).catch(() => {});
  await inside(pid, `ip link del dev ${tapName(card)}`).catch(() => {});
}

/** A tap of the namespace as a descriptor, for a QEMU that runs. */
export function openTap(pid: number, tap: string): Tap {
  using namespace = openNetworkNamespace(pid);
  return inNetworkNamespace(namespace, () => openTapHere(tap));
}

/** Ends with the first line that fails. */
async function batch(pid: number, program: 'ip' | 'tc', lines: readonly string[]): Promise<void> {
  const words = [`--net=/proc/${pid}/ns/net`, '--', program, '-batch', '-'];
  await run('nsenter', words, { input: `${lines.join('\n')}\n` });
}

const inside = (pid: number, words: string) => run('nsenter', [`--net=/proc/${pid}/ns/net`, '--', ...words.split(' ')]);
