/**
 * Streams between the daemon and a running machine: serial ports of virtio, put in when they are needed and taken out after it.
 * In the guest a port is a device that is found by its name; here it is a socket.
 */
import type { Socket } from 'node:net';
import { HostError } from '../../lib/host-error.ts';
import { handSocket } from './handed.ts';
import type { Qmp } from './qmp.ts';

/** `name` is letters, digits, `.` and `-`, and unique in the machine. */

export function openPort(qmp: Qmp, name: string): Promise<Socket> {
  return handSocket(qmp, name, async () => {
    const addr = { type: 'fd', data: { str: name } };
    await qmp.ask('chardev-add', { id: name, backend: { type: 'socket', data: { addr, server: false } } });
    try {
      await qmp.ask('device_add', { driver: 'virtserialport', id: name, chardev: name, name, bus: 'ports.0' });
    } catch (cause) {
      await qmp.ask('chardev-remove', { id: name });
      throw new HostError('the machine has no free port: too many commands run in it at once', { cause });
    }
  });
}

/** Takes out what a daemon that was killed has left; commands that hang on it end. */
export async function clearPorts(qmp: Qmp, prefix: string): Promise<void> {
  const rows = (await qmp.ask('query-chardev')) as { label: string }[];
  for (const { label } of rows) if (label.startsWith(prefix)) await closePort(qmp, label);
}

/** What is no longer there is no error. */
export async function closePort(qmp: Qmp, name: string): Promise<void> {
  await qmp.ask('device_del', { id: name }).catch(() => {});
  await qmp.ask('chardev-remove', { id: name }).catch(() => {});
}
