/** How the daemon talks with QEMU and with what runs in the machine: monitor, serial console, ports of virtio. */
import type { Part } from './spec.ts';

export const channels: Part = (_spec, { listening, file, consoleLog }) => [
  ...['-chardev', listening('monitor'), '-mon', 'chardev=monitor,mode=control'],
  ...['-chardev', listening('events'), '-mon', 'chardev=events,mode=control'],
  ...['-chardev', `${listening('serial')},logfile=${file(consoleLog, true)},logappend=on`],
  ...['-device', 'isa-serial,chardev=serial', '-device', 'virtio-serial-pci,id=ports'],
  ...['-chardev', listening('agent')],
  ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
];
