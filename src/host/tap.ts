/** Taps: network cards whose other end is a descriptor, in the network namespace where the thread is. */
import { closeSync, constants, openSync } from 'node:fs';
import { call } from './libc.ts';

const ioctl = call<[number, number, Buffer]>('int ioctl(int fd, unsigned long request, void *argument)');
const TUNSETIFF = 0x400454ca;
const tapWithoutHeader = 0x0002 | 0x1000;
/** As QEMU asks for it itself: packets may come with a header that tells what is left to the card to do. */
const withVirtualHeader = 0x4000;
const nameBytes = 16;

export type Tap = Disposable & { readonly fd: number };

export function openTapHere(name: string): Tap {
  const fd = openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const request = Buffer.alloc(40);
    request.write(name.slice(0, nameBytes - 1), 0, 'latin1');
    request.writeUInt16LE(tapWithoutHeader | withVirtualHeader, nameBytes);
    ioctl(fd, TUNSETIFF, request);
    return { fd, [Symbol.dispose]: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
