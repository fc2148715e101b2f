/**
 * Directories of the host in a machine (virtiofs). Each is served by a program of its own (shares.ts of the engine), to which
 * QEMU is handed a connection, and which reads and writes the guest's memory: only a machine with shares has memory that can
 * be shared, because the kernel gives that no huge pages.
 */
import { memoryBytes } from './board.ts';
import { partId } from './names.ts';
import type { MachineSpec, Rendering } from './spec.ts';

const mebibyte = 2 ** 20;

export function shareWords({ machine, limits }: MachineSpec, { connected, port }: Rendering): string[] {
  const shares = (machine.parts ?? []).filter((part) => 'share' in part);
  if (shares.length === 0) return [];
  return [
    ...['-object', `memory-backend-memfd,id=shared,size=${memoryBytes(limits) / mebibyte}M,share=on`],
    ...['-machine', 'memory-backend=shared'],
    ...shares.flatMap(({ id, share }) => [
      ...['-chardev', `socket,id=${partId(id)}-c,fd=${connected(id)}`],
      '-device',
      JSON.stringify({
        driver: 'vhost-user-fs-pci',
        id: partId(id),
        chardev: `${partId(id)}-c`,
        tag: share.tag,
        bus: port(),
      }),
    ]),
  ];
}
