/**
 * The screen of a running machine (core/ports/machine-screen.ts). QEMU listens for nobody: it is handed one end of a pair of
 * sockets for each viewer, and a file for each picture, which has no name any more when QEMU writes to it.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ScreenProtocol, Screens } from '../../core/ports/machine-screen.ts';
import { HostError } from '../../lib/host-error.ts';
import type { ScreenSize } from '../../lib/screen-size.ts';
import { handSocket } from './handed.ts';
import type { Layout } from './layout.ts';
import type { Qmp } from './qmp.ts';
import type { Reach } from './reach.ts';
import { openRfb, type RfbSession } from './rfb.ts';

/** QEMU waits as long after each press and each release; a guest that is emulated loses keys that come faster. */
const holdMs = 30;
/** A text console follows within a tenth of a second where machines are not emulated. */
const followMs = 3000;
const talkMs = 10_000;
/** The largest screen, uncompressed, is 44 MiB. */
const largestPictureBytes = 64 * 2 ** 20;

export function createScreens({ monitor, order }: Reach, layout: Layout): Screens {
  const missing = (id: string, protocol: ScreenProtocol) => monitor(id, (qmp) => whyMissing(qmp, protocol));
  const open = (id: string, protocol: ScreenProtocol) => monitor(id, (qmp) => handViewer(qmp, protocol));
  return {
    missing,
    open,
    picture: (id) => monitor(id, (qmp) => takePicture(qmp, join(layout.machine(id), 'picture'))),
    async press(id, chords) {
      for (const chord of chords) {
        const keys = chord.map((data) => ({ type: 'qcode', data }));
        await order(id, 'send-key', { keys, 'hold-time': holdMs });
        await wait(2 * chord.length * holdMs);
      }
    },
    async resize(id, size) {
      const viewer = await open(id, 'vnc');
      try {
        const session = await openRfb(viewer, AbortSignal.timeout(talkMs));
        if (!(await session.ask(size))) return { refused: true, shown: session.size };
        await follows(session, size);
        return { refused: false, shown: session.size };
      } finally {
        viewer.destroy();
      }
    },
  };
}

/** QEMU says yes to a viewer of what it does not have, and forgets it: so it is asked first. */
async function whyMissing(qmp: Qmp, protocol: ScreenProtocol): Promise<string | undefined> {
  const screens = (await qmp.ask('query-vnc-servers')) as unknown[];
  if (screens.length === 0) return 'it runs without a screen (display.type=none)';
  if (protocol === 'vnc') return undefined;
  const spice = (await qmp.ask('query-spice').catch(() => undefined)) as { enabled?: boolean } | undefined;
  if (spice?.enabled) return undefined;
  return 'it was started by a QEMU without SPICE: install it (on Debian 13 qemu-system-modules-spice) and start the machine again, or look at it by VNC';
}

async function handViewer(qmp: Qmp, protocol: ScreenProtocol): Promise<Socket> {
  const reason = await whyMissing(qmp, protocol);
  if (reason !== undefined) throw new HostError(reason, { errno: 'ENODEV' });
  return handSocket(qmp, 'viewer', () => qmp.ask('add_client', { protocol, fdname: 'viewer', skipauth: true }));
}

/** A pipe would not do: QEMU cuts the file to nothing before it writes, and refuses what cannot be cut. */
async function takePicture(qmp: Qmp, path: string): Promise<Buffer> {
  const reason = await whyMissing(qmp, 'vnc');
  if (reason !== undefined) throw new HostError(reason, { errno: 'ENODEV' });
  rmSync(path, { force: true });
  const written = openSync(path, 'wx', 0o600);
  try {
    const read = openSync(path, 'r');
    try {
      rmSync(path);
      const set = await qmp.handSet(written);
      try {
        await qmp.ask('screendump', { filename: `/dev/fdset/${set}`, format: 'png' });
      } finally {
        await qmp.ask('remove-fd', { 'fdset-id': set }).catch(() => {});
      }
      return readWhole(read);
    } finally {
      closeSync(read);
    }
  } finally {
    closeSync(written);
  }
}

function readWhole(fd: number): Buffer {
  const { size } = fstatSync(fd);
  if (size > largestPictureBytes) throw new HostError(`QEMU wrote a picture of ${size} bytes`);
  const picture = Buffer.alloc(size);
  return picture.subarray(0, readSync(fd, picture, 0, size, 0));
}

/** Until the guest shows this size, or has had its time. */
async function follows(session: RfbSession, wanted: ScreenSize): Promise<void> {
  const isThere = () => session.size.width === wanted.width && session.size.height === wanted.height;
  const late = new AbortController();
  const deadline = wait(followMs, undefined, { signal: late.signal }).catch(() => {});
  const watch = async () => {
    while (!isThere()) await session.changed();
  };
  await Promise.race([watch(), deadline]).finally(() => late.abort());
}
