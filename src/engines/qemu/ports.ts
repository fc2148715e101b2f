/**
 * Streams between the daemon and a running machine: serial ports of virtio, put in when they are needed and taken out after it.
 * In the guest a port is a device that is found by its name; here it is a socket.
 */
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { socketPair } from '../../host/unix-connection.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Qmp } from './qmp.ts';

/** `name` is letters, digits, `.` and `-`, and unique in the machine. */
export async function openPort(qmp: Qmp, name: string): Promise<Socket> {
  const { own, other } = socketPair();
  try {
    await qmp.hand(name, other);
    const addr = { type: 'fd', data: { str: name } };
    await qmp.ask('chardev-add', { id: name, backend: { type: 'socket', data: { addr, server: false } } });
    try {
      await qmp.ask('device_add', { driver: 'virtserialport', id: name, chardev: name, name, bus: 'ports.0' });
    } catch (cause) {
      await qmp.ask('chardev-remove', { id: name });
      throw new HostError('the machine has no free port: too many commands run in it at once', { cause });
    }
    return own;
  } catch (error) {
    own.destroy();
    throw error;
  } finally {
    closeSync(other);
  }
}

/** What is no longer there is no error. */
export async function closePort(qmp: Qmp, name: string): Promise<void> {
  await qmp.ask('device_del', { id: name }).catch(() => {});
  await qmp.ask('chardev-remove', { id: name }).catch(() => {});
}
