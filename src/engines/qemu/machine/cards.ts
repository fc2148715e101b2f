/** Network cards. The tap of each is made in the machine's network namespace, beside the card that the host connected (taps.ts). */
import { cardId, tapName } from './names.ts';
import type { Part } from './spec.ts';

export const cards: Part = ({ nics, machine }, { place }) =>
  nics.flatMap(({ name, hwaddr }) => {
    const index = machine.bootIndexes?.[`card/${name}`];
    const boot = index === undefined ? '' : `,bootindex=${index}`;
    const id = cardId(name);
    return [
      ...['-netdev', `tap,id=${id}-n,ifname=${tapName(name)},script=no,downscript=no,vhost=off`],
      ...['-device', `virtio-net-pci,id=${id},netdev=${id}-n,mac=${hwaddr},${place()}${boot}`],
    ];
  });
