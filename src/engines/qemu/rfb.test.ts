import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { test } from 'node:test';
import { openRfb } from './rfb.ts';

const words = (...values: number[]) => values.flatMap((value) => [value >> 8, value & 255]);
/** A rectangle that speaks of the size: reason, status, width, height, and one screen. */
const news = (reason: number, status: number, width: number, height: number) => [
  ...words(reason, status, width, height),
  ...[0xff, 0xff, 0xfe, 0xcc],
  ...[1, 0, 0, 0],
  ...Array.from({ length: 16 }, () => 0),
];
const raw = (width: number, height: number) => [
  ...words(0, 0, width, height),
  ...[0, 0, 0, 0],
  ...Array.from({ length: width * height }, () => 7),
];
const update = (...rectangles: number[][]) => [0, 0, ...words(rectangles.length), ...rectangles.flat()];

type Server = { say(...bytes: number[]): void; hears(bytes: number): Promise<Buffer> };

/** Greets as QEMU does, then speaks the lines of the test. */
async function served(lines: (server: Server) => Promise<void>) {
  const [here, there] = duplexPair();
  const server: Server = {
    say: (...bytes) => void there.write(Buffer.from(bytes)),
    async hears(bytes) {
      for (;;) {
        const piece = there.read(bytes) as Buffer | null;
        if (piece) return piece;
        await once(there, 'readable');
      }
    },
  };
  const play = async () => {
    there.write('RFB 003.008\n');
    assert.equal(String(await server.hears(12)), 'RFB 003.008\n');
    server.say(1, 1);
    assert.deepEqual([...(await server.hears(1))], [1]);
    server.say(0, 0, 0, 0);
    await server.hears(1);
    server.say(...words(1024, 768), ...Array.from({ length: 16 }, () => 0), 0, 0, 0, 2, 0x56, 0x4d);
    // Form of the points, encodings, the first request.
    await server.hears(20 + 12 + 10);
    await lines(server);
  };
  const playing = play();
  return { here, playing };
}

const open = (stream: Duplex, timeoutMs = 5000) => openRfb(stream, AbortSignal.timeout(timeoutMs));

test('a size is asked for, told, and followed (M03)', async () => {
  const { here, playing } = await served(async (server) => {
    // A bell, a clipboard and a picture come whenever they like.
    server.say(2, 3, 0, 0, 0, 0, 0, 0, 2, 65, 66, ...update(raw(3, 2), news(0, 0, 1024, 768)));
    const asked = await server.hears(24);
    assert.deepEqual([...asked.subarray(0, 8)], [251, 0, ...words(1400, 900), 1, 0]);
    assert.deepEqual([...asked.subarray(16, 20)], words(1400, 900));
    server.say(...update(raw(1, 1)), ...update(news(1, 4, 1024, 768)));
    await server.hears(10);
    server.say(...update(raw(2, 2)), ...update(news(0, 0, 1400, 900)));
  });
  const session = await open(here);
  assert.deepEqual(session.size, { width: 1024, height: 768 });
  assert.equal(await session.ask({ width: 1400, height: 900 }), true);
  assert.deepEqual(session.size, { width: 1024, height: 768 });
  await session.changed();
  assert.deepEqual(session.size, { width: 1400, height: 900 });
  await playing;
});

test('a device that cannot says no', async () => {
  const { here, playing } = await served(async (server) => {
    server.say(...update(news(0, 0, 1024, 768)));
    await server.hears(24);
    server.say(...update(news(1, 3, 1024, 768)));
  });
  assert.equal(await (await open(here)).ask({ width: 800, height: 600 }), false);
  await playing;
});

test('a QEMU that was taken over breaks its own connection and nothing else', async () => {
  const hostile: [string, number[], RegExp][] = [
    ['an unknown message', [200], /did not ask for: 200/],
    ['an unknown encoding', update([...words(0, 0, 9, 9), 0, 0, 0, 5]), /did not ask for: 5/],
    ['a picture without an end', [0, 0, ...words(1), ...words(0, 0, 65_535, 65_535), 0, 0, 0, 0], /abort|timeout/i],
  ];
  for (const [what, bytes, reason] of hostile) {
    const { here, playing } = await served(async (server) => server.say(...bytes));
    await assert.rejects(open(here, 200), reason, what);
    await playing;
  }
});

test('one that goes away is told', async () => {
  const [here, there] = duplexPair();
  there.write('RFB 003');
  const opening = open(here);
  here.destroy();
  await assert.rejects(opening, /closed the connection/);
});
