/**
 * Tells when the host's network gets or loses an address. The kernel says so to a netlink socket, which Node cannot wait for:
 * `cat` reads it, and what it passes on wakes us. Nothing is polled.
 */
import { closeSync } from 'node:fs';
import { call } from './libc.ts';
import { hostSocket } from './outside.ts';
import { type Spawned, spawnProgram } from './spawn.ts';

const bind = call<[number, Uint8Array, number]>('int bind(int, void *, uint32_t)');
const AF_NETLINK = 16;
const SOCK_RAW = 3;
/** RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR. */
const addressGroups = 0x10 | 0x100;
const againAfterMs = 2000;

/** The listener is called at each change, and when changes may have been missed. */
export function watchHostAddresses(listener: () => void): Disposable {
  let reader: Spawned | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const begin = () => {
    try {
      reader = startReader();
    } catch {
      // There is nobody at the door: the daemon has to be started anew, and says so wherever it matters.
      return later();
    }
    const output = reader.pipes.get(1);
    output?.on('data', listener).on('error', () => {});
    output?.unref();
    // Also when there was more to read than the kernel keeps (ENOBUFS).
    void reader.exited.then(later);
  };
  const later = () => {
    reader = undefined;
    if (stopped) return;
    timer = setTimeout(() => {
      begin();
      listener();
    }, againAfterMs).unref();
  };
  begin();
  return {
    [Symbol.dispose]() {
      stopped = true;
      clearTimeout(timer);
      if (reader) process.kill(reader.pid, 'SIGKILL');
    },
  };
}

function startReader(): Spawned {
  const socket = hostSocket(AF_NETLINK, SOCK_RAW, 0);
  try {
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    address.writeUInt32LE(addressGroups, 8);
    bind(socket, address, address.length);
    return spawnProgram('setpriv', ['--pdeathsig=KILL', 'cat'], { stdio: [socket, 'pipe', 'ignore'] });
  } finally {
    closeSync(socket);
  }
}
