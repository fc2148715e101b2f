/** What the tests of devices with foreign clients stand on: a daemon with an image, incus, and a census before and after. */
import assert from 'node:assert/strict';
import { importImage, startDaemon, type TestDaemon } from '../../daemon.ts';
import { type Census, difference, settledCensus } from '../../leaks.ts';
import { foreignClients } from './clients.ts';

/** A card that was put in again has another link name. */
export async function assertSame(before: Census, daemon: TestDaemon) {
  const named = (census: Census) => {
    const found: Census = new Map();
    for (const [item, count] of census) {
      if (item.endsWith('/relay.log')) continue;
      const text = item.replaceAll(new RegExp(`${daemon.names.linkTag}[0-9a-f]+`, 'g'), 'LINK');
      found.set(text, (found.get(text) ?? 0) + count);
    }
    return found;
  };
  assert.deepEqual(difference(named(before), named(await settledCensus(daemon))), []);
}

export async function openDeviceHouse() {
  const parts = new AsyncDisposableStack();
  const daemon = parts.use(await startDaemon());
  const { incus, directory } = parts.use(foreignClients(daemon));
  await importImage(daemon, 'busybox', 'bb');
  const inside = async (script: string, guest = 'c1') =>
    (await incus.try(['exec', guest, '--', 'sh', '-c', `{ ${script}\n} 2>&1`])).stdout.trim();
  const refused = async (words: string[], reason: RegExp) => {
    const ended = await incus.try(words);
    assert.notEqual(ended.code, 0, words.join(' '));
    assert.match(ended.stderr, reason);
  };
  return { daemon, incus, directory, inside, refused, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
