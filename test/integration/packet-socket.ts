/**
 * A program for the inside of a network namespace: `packet-socket.ts send LINK HEX...` puts frames on a link;
 * `packet-socket.ts listen LINK` says `ready` and then prints every frame that arrives, as hexadecimal.
 */
import { writeSync } from 'node:fs';
import { call } from '../../src/host/libc.ts';

const socket = call<[number, number, number]>('int socket(int, int, int)');
const bind = call<[number, Uint8Array, number]>('int bind(int, void *, uint32_t)');
const send = call<[number, Uint8Array, number, number]>('intptr_t send(int, void *, uintptr_t, int)');
const receive = call<[number, Uint8Array, number, number]>('intptr_t recv(int, void *, uintptr_t, int)');
const setsockopt = call<[number, number, number, Uint8Array, number]>(
  'int setsockopt(int, int, int, void *, uint32_t)',
);

const [verb, index = '', ...frames] = process.argv.slice(2);
const AF_PACKET = 17;
const everyProtocol = 0x0003;
const bigEndian = (value: number) => ((value & 255) << 8) | (value >> 8);
const fd = socket(AF_PACKET, 3, bigEndian(everyProtocol));
const address = Buffer.alloc(20);
address.writeUInt16LE(AF_PACKET, 0);
address.writeUInt16BE(everyProtocol, 2);
address.writeInt32LE(Number(index), 4);
bind(fd, address, address.length);

if (verb === 'send') for (const frame of frames) send(fd, Buffer.from(frame, 'hex'), frame.length / 2, 0);
else {
  // Frames to foreign MACs are wanted too: that is what an eavesdropper would see.
  const promiscuous = Buffer.alloc(16);
  promiscuous.writeInt32LE(Number(index), 0);
  promiscuous.writeUInt16LE(1, 4);
  setsockopt(fd, 263, 1, promiscuous, promiscuous.length);
  writeSync(1, 'ready\n');
  const buffer = Buffer.alloc(65536);
  for (;;) writeSync(1, `${buffer.toString('hex', 0, receive(fd, buffer, buffer.length, 0))}\n`);
}
