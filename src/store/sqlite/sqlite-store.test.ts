/** What the port cannot say: files, damage of every kind, backups and restoring. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HostError } from '../../lib/host-error.ts';
import { goodBackups, makeBackup } from './backups.ts';
import { restoreSqliteStore } from './restore.ts';
import { openSqliteStore } from './sqlite-store.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'gasthof-state-'));
after(() => fs.rmSync(root, { recursive: true }));
const dayMs = 24 * 60 * 60 * 1000;

/** A closed state with documents d/0.. d/39 and one backup of revision 1. */
async function makeState(): Promise<string> {
  const path = join(fs.mkdtempSync(join(root, 'x-')), 'state.db');
  for (const round of [0, 1]) {
    await using store = await openSqliteStore(path);
    const range = Array.from({ length: 20 }, (_, index) => index + round * 20);
    await store.commit(
      range.map((index) => ({ put: `d/${index}`, value: { index, text: `number ${index} `.repeat(20) } })),
    );
  }
  return path;
}

async function contents(path: string): Promise<string> {
  await using store = await openSqliteStore(path);
  return JSON.stringify(await store.list(''));
}

/** Opens and expects a refusal that names the file and leaves it as it was. */
async function refusal(path: string, expected: RegExp): Promise<HostError> {
  const before = fs.existsSync(path) ? fs.readFileSync(path, 'latin1') : undefined;
  const error = await openSqliteStore(path).then(
    () => assert.fail(`opened, expected ${expected}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HostError, String(error));
  assert.match(error.message, expected);
  assert.ok(error.message.includes(path), error.message);
  assert.match(error.help ?? '', /restore-state|newer/);
  assert.equal(fs.existsSync(path) ? fs.readFileSync(path, 'latin1') : undefined, before);
  return error;
}

/** Copies the state as a SIGKILL would leave it: log not yet moved into the file. */
function killedCopy(path: string): string {
  const copy = join(fs.mkdtempSync(join(root, 'k-')), 'state.db');
  for (const suffix of ['', '-wal', '.revision', '.backup-1'])
    if (fs.existsSync(path + suffix)) fs.copyFileSync(path + suffix, copy + suffix);
  return copy;
}

test('keeps documents and revisions across restarts, in files that only the owner reads', async () => {
  const path = await makeState();
  for (const file of fs.readdirSync(join(path, '..')))
    assert.equal(fs.statSync(join(path, '..', file)).mode & 0o777, 0o600, file);
  await using store = await openSqliteStore(path);
  assert.equal(fs.statSync(`${path}-wal`, { throwIfNoEntry: false })?.mode ?? 0o100600, 0o100600);
  assert.equal((await store.list('d/')).length, 40);
  assert.equal((await store.commit([{ delete: 'd/0' }])).revision, 3);
});

test('is opened by one daemon at a time', async () => {
  const path = await makeState();
  await using _store = await openSqliteStore(path);
  await assert.rejects(openSqliteStore(path), (error) => {
    assert.match((error as Error).message, new RegExp(`in use.*${process.pid}`));
    return error instanceof HostError;
  });
  assert.throws(() => restoreSqliteStore(path, `${path}.backup-1`), /locked by another process/);
});

test('finds everything after a kill, and continues', async () => {
  const path = await makeState();
  await using store = await openSqliteStore(path);
  await store.commit([{ put: 'late', value: 'in the log only' }]);
  const copy = killedCopy(path);
  assert.match(await contents(copy), /in the log only/);
});

test('names the directory when it is missing', async () => {
  await assert.rejects(openSqliteStore(join(root, 'nowhere/state.db')), /cannot open the state file .*nowhere/);
});

test('refuses an emptied, truncated, removed, foreign or newer file', async () => {
  const good = await makeState();
  const cases: [RegExp, (path: string) => void][] = [
    [/is empty/, (path) => fs.truncateSync(path, 0)],
    [/damaged|cannot be read/, (path) => fs.truncateSync(path, fs.statSync(path).size - 4096)],
    [/damaged|cannot be read|no state file/, (path) => fs.truncateSync(path, 700)],
    [/is missing, though/, (path) => fs.rmSync(path)],
    [/no state file/, (path) => fs.writeFileSync(path, 'this is a letter to my grandmother'.repeat(100))],
    [/another program/, (path) => replaceByForeign(path)],
    [/newer Gasthof \(schema 99/, (path) => execute(path, 'PRAGMA user_version = 99')],
    [
      /1 of 40 documents are changed: d\/7/,
      (path) => execute(path, `UPDATE documents SET json = '1' WHERE key = 'd/7'`),
    ],
    [/40 documents, 39 are there/, (path) => execute(path, `DELETE FROM documents WHERE key = 'd/7'`)],
    [/head does not match/, (path) => execute(path, 'UPDATE head SET revision = 1')],
    [/tables are not/, (path) => execute(path, 'CREATE TRIGGER t AFTER INSERT ON head BEGIN SELECT 1; END')],
    [/newest: .*\.revision is missing/, (path) => fs.rmSync(`${path}.revision`)],
    [/newest: .*\.revision is missing/, (path) => fs.truncateSync(`${path}.revision`, 10)],
    [/is older than it was: it holds revision 1, .* says 2/, (path) => fs.copyFileSync(`${path}.backup-1`, path)],
  ];
  for (const [expected, damage] of cases) {
    const path = killedCopy(good);
    damage(path);
    const error = await refusal(path, expected);
    assert.match(error.help ?? '', /with 20 documents at revision 1: gasthofd --restore-state .*\.backup-1/);
  }
  const foreign = killedCopy(await makeState());
  fs.copyFileSync(good, foreign);
  await refusal(foreign, /state of another Gasthof/);
});

function replaceByForeign(path: string): void {
  fs.rmSync(path);
  execute(path, 'CREATE TABLE recipes (cake TEXT)');
}

function execute(path: string, sql: string): void {
  using db = new DatabaseSync(path);
  db.exec(sql);
}

test('refuses a state whose log was deleted or damaged', async () => {
  const path = await makeState();
  await using store = await openSqliteStore(path);
  await store.commit([{ put: 'late', value: 1 }]);
  await store.commit([{ put: 'later', value: 1 }]);
  const deleted = killedCopy(path);
  fs.rmSync(`${deleted}-wal`);
  await refusal(deleted, /older than it was: it holds revision 2, .* says 4/);
  const flipped = killedCopy(path);
  flip(`${flipped}-wal`, fs.statSync(`${flipped}-wal`).size - 100);
  await refusal(flipped, /older than it was: it holds revision 3/);
  assert.ok(fs.existsSync(`${flipped}-wal`), 'the log is kept as evidence');
});

function flip(path: string, offset: number): void {
  const bytes = fs.readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << (offset % 8)), offset);
  fs.writeFileSync(path, bytes);
}

test('opens with all documents or not at all, whichever byte is flipped', async () => {
  const good = await makeState();
  const expected = await contents(good);
  const size = fs.statSync(good).size;
  let refused = 0;
  // All of the header, then a prime step through the rest.
  const offsets = Array.from({ length: 100 }, (_, index) => index);
  for (let offset = 100; offset < size; offset += 211) offsets.push(offset);
  const path = killedCopy(good);
  for (const offset of offsets) {
    fs.copyFileSync(good, path);
    fs.copyFileSync(`${good}.revision`, `${path}.revision`);
    fs.rmSync(`${path}-wal`, { force: true });
    flip(path, offset);
    try {
      assert.equal(await contents(path), expected, `offset ${offset}`);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      refused += 1;
    }
  }
  assert.ok(refused > offsets.length / 4, `${refused} of ${offsets.length} refused`);
});

test('keeps three backups, at most one a day, and none of an unchanged state', async () => {
  const path = join(fs.mkdtempSync(join(root, 'b-')), 'state.db');
  const there = () => [1, 2, 3, 4].map((number) => `${path}.backup-${number}`).filter((file) => fs.existsSync(file));
  const counts: number[] = [];
  const newest: (number | undefined)[] = [];
  for (let day = 0; day < 5; day++) {
    for (const _opening of ['morning', 'evening']) {
      await using store = await openSqliteStore(path, { onWarning: (warning) => assert.fail(warning) });
      counts.push(there().length);
      newest.push(fs.statSync(`${path}.backup-1`, { throwIfNoEntry: false })?.ino);
      if (day !== 2) await store.commit([{ put: 'day', value: day }]);
    }
    const yesterday = new Date(Date.now() - dayMs - 1000);
    for (const file of there()) fs.utimesSync(file, yesterday, yesterday);
  }
  assert.deepEqual(counts, [0, 1, 2, 2, 3, 3, 3, 3, 3, 3]);
  assert.equal(newest[6], newest[4], 'nothing changed since the backup of day 2');
  assert.notEqual(newest[8], newest[6]);
});

test('makes the backup of a long life beside its commits', async () => {
  const path = join(fs.mkdtempSync(join(root, 'l-')), 'state.db');
  let nowMs = Date.now();
  {
    await using store = await openSqliteStore(path, {
      nowMs: () => nowMs,
      onWarning: (warning) => assert.fail(warning),
    });
    await store.commit([{ put: 'a', value: 1 }]);
    nowMs += dayMs;
    for (let value = 0; value < 20; value++) await store.commit([{ put: 'a', value }]);
  }
  assert.ok(fs.existsSync(`${path}.backup-1`));
  assert.match(await contents(path), /"value":19/);
});

test('a backup that begins in the middle of a commit waits for its end', async () => {
  const path = await makeState();
  using db = new DatabaseSync(path);
  db.exec('BEGIN IMMEDIATE; DELETE FROM documents');
  const made = makeBackup(db, path);
  await delay(20);
  db.exec('ROLLBACK');
  await made;
  assert.equal(goodBackups(path)[0]?.summary.documents, 40);
});

test('restores a backup, keeps what was there and never gives a revision twice', async () => {
  const path = await makeState();
  const bytes = fs.readFileSync(path);
  fs.writeFileSync(path, new Uint8Array(bytes).fill(7, 4096, 9000));
  await refusal(path, /damaged|cannot be read/);
  const restored = restoreSqliteStore(path, `${path}.backup-1`);
  assert.equal(restored.documents, 20);
  assert.ok(restored.kept.length === 1 && restored.kept.every((file) => fs.existsSync(file)));
  await using store = await openSqliteStore(path);
  assert.equal((await store.list('d/')).length, 20);
  assert.equal((await store.commit([{ put: 'new', value: 1 }])).revision, 4);
});

test('accepts a sound older state when told to, its log included', async () => {
  const path = await makeState();
  const source = await openSqliteStore(path);
  await source.commit([{ put: 'late', value: 'in the log' }]);
  const copy = killedCopy(path);
  await source[Symbol.asyncDispose]();
  fs.rmSync(`${copy}.revision`);
  const error = await refusal(copy, /cannot be trusted to be the newest/);
  assert.ok(error.help?.includes(`gasthofd --restore-state ${copy};`), error.help ?? '');
  restoreSqliteStore(copy, copy);
  assert.match(await contents(copy), /in the log/);
});

test('does not restore from a damaged backup', async () => {
  const path = await makeState();
  const before = await contents(path);
  fs.truncateSync(`${path}.backup-1`, 5000);
  assert.throws(
    () => restoreSqliteStore(path, `${path}.backup-1`),
    /cannot restore from .*backup-1: it .*nothing was changed/,
  );
  assert.equal(await contents(path), before);
});
