import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JournalEntry } from '../core/ports/operation-journal.ts';
import { openOperationJournal } from './operation-journal.ts';

const entry = (id: string, description = ''): JournalEntry => ({
  project: 'default',
  view: { id, description } as JournalEntry['view'],
});

function withFile(work: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'journal-'));
  try {
    work(join(directory, 'operations'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('operations of an earlier life are there, the latest word of each, without those that were dropped', () =>
  withFile((path) => {
    // Not closed: as when the daemon is killed.
    const first = openOperationJournal(path);
    assert.deepEqual(first.earlier, []);
    first.put(entry('a'));
    first.put(entry('b'));
    first.put(entry('a', 'later'));
    first.drop('b');
    using second = openOperationJournal(path);
    assert.deepEqual(second.earlier, [entry('a', 'later')]);
  }));

test('a torn last line is skipped', () =>
  withFile((path) => {
    openOperationJournal(path).put(entry('a'));
    appendFileSync(path, '{"put":{"proj');
    using journal = openOperationJournal(path);
    assert.deepEqual(journal.earlier, [entry('a')]);
  }));

test('the file does not grow without end, and loses nothing that counts', () =>
  withFile((path) => {
    using journal = openOperationJournal(path);
    journal.put(entry('kept'));
    for (let round = 0; round < 3000; round++) {
      journal.put(entry(`${round}`, 'x'.repeat(200)));
      journal.drop(`${round}`);
    }
    assert.ok(statSync(path).size < 512 * 1024);
    assert.match(readFileSync(path, 'utf8'), /"kept"/);
  }));
