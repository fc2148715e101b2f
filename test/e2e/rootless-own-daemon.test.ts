/** An ordinary user's own daemon: started by the first command, by one of many, again after its death, and after a boot (A03, F12, W1, W7). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lacking } from '../daemon.ts';
import type { Ended } from './gast.ts';
import { seenAsUser } from './rootless/run-as-user.ts';

type Seen = {
  asking: { codes: number[]; made: boolean };
  direct: { refusals: string[]; holders: number; ways: number; named: boolean };
  many: { codes: number[]; daemons: number; holders: number; session: boolean; said: string; log: string };
  page: { line: string; status: number; output: string }[];
  killed: { before: [string, number][]; after: [string, number][]; daemons: number };
  started: Ended;
  booted: { running: string[]; order: string[] };
  shutdown: { daemons: number };
  broken: Ended;
  doctor: Ended;
};

test('an ordinary user’s own daemon', { skip: lacking(), timeout: 170_000 }, async (t) => {
  const env = { GASTHOF_DIR: undefined, GASTHOF_SOCKET: undefined };
  const seen = seenAsUser<Seen>('own-daemon-as-user.ts', { env });

  await t.test('is not started by commands that do without one, nor against the user’s will', () => {
    assert.deepEqual(seen.asking, { codes: [0, 4, 0, 3], made: false });
  });
  await t.test('is started once by ten commands at the same time, in a session of its own', () => {
    const { said, ...others } = seen.many;
    assert.deepEqual(others, { codes: Array(10).fill(0), daemons: 1, holders: 1, session: true, log: '600' });
    assert.match(said, /^Starting your daemon \(.*\/\.local\/share\/gasthof\)$/);
  });
  await t.test('is one also when five are started directly at the same time, and the others say so', () => {
    const { refusals, ...world } = seen.direct;
    assert.equal(refusals.length, 4);
    for (const text of refusals) assert.match(text, /^75 gasthofd: already running for .*gasthof/);
    assert.deepEqual(world, { holders: 1, ways: 1, named: true });
  });
  await t.test('does what the page of the guide says', () => {
    assert.ok(seen.page.length >= 5);
    for (const { line, status, output } of seen.page) assert.equal(status, 0, `${line}\n${output}`);
    const told = seen.page.find(({ line }) => line === 'gast info web')?.output;
    assert.match(told ?? '', /^Ids: 0 to 65535 are \d+ to \d+ on the server, shared by all guests/m);
    assert.match(seen.page.find(({ line }) => line === 'gast info')?.output ?? '', /^Daemon: your own \(/m);
  });
  await t.test('finds its guests again when it was killed', () => {
    assert.deepEqual(seen.killed.after, seen.killed.before);
    assert.equal(seen.killed.daemons, 1);
  });
  await t.test('starts the guests that want it after a boot, in their order', () => {
    assert.equal(seen.started.code, 0, seen.started.stderr);
    assert.deepEqual(seen.booted, { running: ['high', 'low', 'middle'], order: ['high', 'middle', 'low'] });
  });
  await t.test('has ended when the command that ends it does', () => {
    assert.deepEqual(seen.shutdown, { daemons: 0 });
  });
  await t.test('says why it does not start, and doctor tells what it would find', () => {
    assert.equal(seen.broken.code, 3);
    assert.match(seen.broken.stderr, /Your daemon did not start\n.*gasthof\.db/s);
    const rows = JSON.parse(seen.doctor.stdout) as { name: string; status: string }[];
    assert.equal(rows.find(({ name }) => name === 'start of the daemon')?.status, 'failed');
    assert.equal(rows.find(({ name }) => name === 'subordinate ids')?.status, 'ok');
  });
});
