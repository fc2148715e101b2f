import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { createExecRecords } from './exec-records.ts';

const guest = '0123456789ab';

async function withRecords(work: (records: ReturnType<typeof createExecRecords>) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gast-records-'));
  try {
    await work(createExecRecords({ directory, mostBytes: 5, mostRecords: 3 }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('exec records: written, listed, read, removed; no more bytes and records than allowed', () =>
  withRecords(async (records) => {
    assert.deepEqual(await records.list(guest), []);
    for (const name of ['a', 'b', 'c', 'd'])
      await pipeline(Readable.from([Buffer.from('123'), Buffer.from('4567')]), await records.open(guest, name));
    assert.equal((await records.list(guest)).length, 3);
    assert.equal(String(await records.read(guest, 'd')), '12345');
    assert.equal(await records.remove(guest, 'd'), true);
    assert.equal(await records.remove(guest, 'd'), false);
    assert.equal(await records.read(guest, '../../etc/passwd'), undefined);
    await records.forget(guest);
    assert.deepEqual(await records.list(guest), []);
  }));
