/**
 * The last step of a network card to a machine. The host connects a card into the network namespace of a machine as it does
 * with a container's; here each gets a tap beside it, and the kernel passes every frame between the two (tc mirred). So cards,
 * filters and hot-plug are the same for both kinds of guests, and QEMU needs no right on any network.
 */
import { run } from '../../host/run.ts';
import { tapName } from './machine.ts';

/** `pid`: a process in the namespace; `uid`: who may open the taps. */
export async function connectTaps(pid: number, uid: number, nics: readonly { name: string }[]): Promise<void> {
  for (const { name } of nics) await connectTap(pid, uid, name);
}

async function connectTap(pid: number, uid: number, card: string): Promise<void> {
  const inside = (words: string) => run('nsenter', [`--net=/proc/${pid}/ns/net`, '--', ...words.split(' ')]);
  const tap = tapName(card);
  await inside(`ip tuntap add ${tap} mode tap user ${uid}`);
  for (const [from, to] of [
    [card, tap],
    [tap, card],
  ]) {
    await inside(`tc qdisc add dev ${from} ingress`);
    // A match of everything that kernels without cls_matchall know, too.
    await inside(
      `tc filter add dev ${from} parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev ${to}`,
    );
  }
  await inside(`ip link set dev ${tap} up`);
}
