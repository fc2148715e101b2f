/** Clients that behave as they like: bare connections and websockets over the socket, and what the daemon spends on them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { TestDaemon } from '../../daemon.ts';
import { openDescriptors } from '../../own-namespaces.ts';

const patienceMs = 60_000;

export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`not in time: ${what}`);
}

/** A bare connection to the daemon. */
export async function dial(daemon: TestDaemon): Promise<Socket> {
  const socket = connect(`${daemon.directory}/unix.socket`);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  // It is cut in the middle of anything; that is what it is for.
  socket.on('error', () => {});
  return socket;
}

/** Asks for a websocket. Nothing is read after the answer's head until the caller says so. */
export async function dialWebSocket(daemon: TestDaemon, path: string): Promise<Socket> {
  const socket = await dial(daemon);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  const first = await new Promise<Buffer>((resolve, reject) =>
    socket.once('data', resolve).once('close', () => reject(new Error(`closed: ${path}`))),
  );
  assert.match(first.toString('latin1'), /^HTTP\/1.1 101 /);
  socket.pause();
  return socket;
}

/** Sockets are counted apart: those of clients come and go. */
export const openFiles = (pid: number): number => openDescriptors(pid).length;
export const residentMib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** How long answers take, one after the other. */
export async function latency(daemon: TestDaemon, count = 150): Promise<{ p50: number; p95: number }> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    await daemon.client.call('GET /1.0/instances', { query: { recursion: '1' } });
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round((times[Math.floor(count * share)] ?? 0) * 10) / 10;
  return { p50: at(0.5), p95: at(0.95) };
}

/** Whether any process whose command line has this in it runs, in whatever namespace. */
export function isRunning(words: string): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(words);
    } catch {
      return false;
    }
  });
}
