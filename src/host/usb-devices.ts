/** Devices on the USB buses of the host as /sys shows them, with their nodes in /dev/bus/usb. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type UsbDevice = {
  bus: number;
  device: number;
  /** Four hexadecimal digits. */
  vendor: string;
  product: string;
  serial: string;
  node: string;
};

/** By bus and number. Interfaces and hubs of the host itself are none that a guest could be given. */
export function listUsbDevices(sys = '/sys'): UsbDevice[] {
  const directory = join(sys, 'bus/usb/devices');
  return list(directory)
    .filter((name) => /^\d+-[\d.]+$/.test(name))
    .flatMap((name) => {
      const read = (file: string) => text(join(directory, name, file));
      const [bus, device] = [Number(read('busnum')), Number(read('devnum'))];
      if (!bus || !device) return [];
      const node = `/dev/bus/usb/${padded(bus)}/${padded(device)}`;
      return [{ bus, device, vendor: read('idVendor'), product: read('idProduct'), serial: read('serial'), node }];
    })
    .sort((a, b) => a.bus - b.bus || a.device - b.device);
}

const padded = (number: number) => String(number).padStart(3, '0');

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
