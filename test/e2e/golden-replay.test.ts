/** The recorded exchanges of real clients with a real Incus, replayed against Gasthof (docs/compatibility.md). */
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import { lacking, startDaemon } from '../daemon.ts';
import { deviations, fits } from '../golden/deviations.ts';
import { readRecording } from '../golden/recording.ts';
import { type Found, prepare, replay } from '../golden/replay.ts';
import { story } from '../golden/story.ts';
import { goldenTarget } from '../golden/target.ts';
import { asUser } from '../own-namespaces.ts';

const told = ({ recording, where, path, kind, recorded, ours }: Found) =>
  `${recording}: ${where} ${path}: ${kind}, recorded ${short(recorded)}, ours ${short(ours)}`;
const short = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 200);

/** It was root who was recorded, on a host whose network the daemon shares: an ordinary user's daemon has a link to it. */
const isUsers = ({ where, recorded, ours }: Found) =>
  (recorded === 'root' && ours === userInfo().username) ||
  (asUser && where === 'GET /1.0/networks' && JSON.stringify(ours).includes('up0'));

test('recorded exchanges get the recorded answers, but for the deviations that are told with their reason', {
  skip: lacking(),
}, async (t) => {
  await using daemon = await startDaemon();
  using target = await goldenTarget(daemon);
  const used = new Set<unknown>();
  for (const scene of story) {
    if (typeof scene !== 'string') {
      await prepare(scene, target);
      continue;
    }
    await t.test(scene, async () => {
      const found = (await replay(readRecording(scene), target)).filter((one) => !isUsers(one));
      const unexplained = found.filter((one) => {
        const known = deviations.filter((deviation) => fits(deviation, one));
        for (const deviation of known) used.add(deviation);
        return known.length === 0;
      });
      assert.equal(unexplained.map(told).join('\n'), '');
    });
  }
  await t.test('every deviation that is told is there', () => {
    assert.deepEqual(
      deviations.filter((deviation) => !deviation.ofHost && !used.has(deviation)),
      [],
    );
  });
});
