/**
 * Making files in a guest's mounts. A file system mounted inside a user namespace (a guest's tmpfs on /run) refuses new
 * files of an id that the namespace does not know, host root among them (EOVERFLOW). So the thread takes a file system
 * uid and gid of the guest for the moment of the call. The kernel then also drops root's file capabilities from the
 * effective set; they are raised again, because guests' directories belong to many ids.
 */
import { call, libc } from './libc.ts';

const setfsuid = libc.func('int setfsuid(uint32_t uid)');
const setfsgid = libc.func('int setfsgid(uint32_t gid)');
const capget = call<[Buffer, Buffer]>('int capget(void *header, void *data)');
const capset = call<[Buffer, Buffer]>('int capset(void *header, void *data)');

const prctl = call<[number, number, number, number, number]>('int prctl(int, long, long, long, long)');
const PR_SET_KEEPCAPS = 8;

/** Runs a synchronous function whose new files belong to these host ids. */
export function asCreator<T>(owner: { uid: number; gid: number }, make: () => T): T {
  const before = capabilities();
  const gid = setfsgid(owner.gid) as number;
  const uid = setfsuid(owner.uid) as number;
  try {
    if (owner.uid !== uid) capset(header(), before);
    return make();
  } finally {
    setfsuid(uid);
    setfsgid(gid);
    if (owner.uid !== uid) capset(header(), before);
  }
}

/**
 * Changing from root to another user and back, or the other way round, costs capabilities: has them back after `work`. For who
 * is not root even the permitted ones are gone after a moment as root, unless they are asked to stay.
 */
export function keepingCapabilities<T>(work: () => T): T {
  const before = capabilities();
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  try {
    return work();
  } finally {
    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    capset(header(), before);
  }
}

/** This thread may no more than its ids may, until `keepingCapabilities` ends. */
export function dropEffective(): void {
  const none = capabilities();
  for (const offset of [0, 12]) none.writeUInt32LE(0, offset);
  capset(header(), none);
}

/** Version 3, this thread. */
function header(): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(0x20080522, 0);
  return bytes;
}

function capabilities(): Buffer {
  const data = Buffer.alloc(24);
  capget(header(), data);
  return data;
}
