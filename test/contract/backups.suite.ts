/** The laws of the backups port. `real` is false for a fake without root: it keeps neither owners nor compressions. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { type BackupFiles, BackupRefused } from '../../src/core/ports/backups.ts';
import { makeSample, stateOf } from './file-state.ts';

export type OpenedBackups = AsyncDisposable & {
  backups: BackupFiles;
  real: boolean;
  /** For trees. */
  scratch: string;
  /** Everything in the port's directory. */
  left: () => string[];
};

export const refusedBackup = (reason: BackupRefused['reason'], text?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof BackupRefused, `not a refusal: ${error}`);
  assert.equal(error.reason, reason, error.message);
  if (text) assert.match(error.message, text);
  return true;
};

export function backupsSuite(name: string, open: () => Promise<OpenedBackups>, skip: string | false = false): void {
  const law = (title: string, body: (opened: OpenedBackups) => Promise<void>) =>
    test(title, { skip }, async () => {
      await using opened = await open();
      await body(opened);
    });

  function sampleContent({ scratch, real }: OpenedBackups) {
    const [now, then] = ['now', 'then'].map((tree) => mkdtempSync(join(scratch, `${tree}-`))) as [string, string];
    makeSample(now, { privileged: real });
    mkdirSync(join(then, 'etc'));
    writeFileSync(join(then, 'etc/hostname'), 'before\n');
    const files = {
      'backup.yaml': { a: 1 },
      'metadata.yaml': { architecture: 'x86_64', properties: { os: 'sample' } },
      'templates/x.tpl': '{{ x }}',
    };
    return {
      index: { name: 'web', snapshots: ['s0'] },
      states: [
        { name: 'snapshots/s0', tree: { directory: then, place: 'rootfs' as const }, files },
        { name: 'container', tree: { directory: now, place: 'rootfs' as const }, files },
      ],
      now,
      then,
    };
  }

  describe(`backups port: ${name}`, () => {
    law('a backup comes back as it was, in every compression', async (opened) => {
      const { backups, real, scratch } = opened;
      const content = sampleContent(opened);
      for (const compression of real ? backups.compressions : ['none']) {
        const { sizeBytes } = await backups.create(`b-${compression}`, content, { compression });
        const file = await backups.open(`b-${compression}`);
        const bytes = await buffer(file.open());
        assert.equal(bytes.length, sizeBytes);
        assert.equal(file.sizeBytes, sizeBytes);
        await using received = await backups.receive(Readable.from([bytes]), {});
        assert.deepEqual(received.index, { name: 'web', snapshots: ['s0'] });
        const seen: Record<string, unknown> = {};
        const beside = await received.unpack(
          'rootfs',
          async (state, fill) => {
            const target = mkdtempSync(join(scratch, 'out-'));
            await fill(target);
            seen[state] = stateOf(target);
          },
          {},
        );
        assert.deepEqual(Object.keys(seen), ['snapshots/s0', 'container']);
        if (real)
          assert.partialDeepStrictEqual(beside.get('container'), {
            metadata: { architecture: 'x86_64', properties: { os: 'sample' } },
            templates: { 'x.tpl': '{{ x }}' },
          });
        assert.deepEqual(seen.container, stateOf(content.now));
        assert.deepEqual(seen['snapshots/s0'], stateOf(content.then));
      }
      assert.equal((await backups.list()).length, real ? backups.compressions.length : 1);
      for (const id of await backups.list()) await backups.remove(id);
      await backups.remove('b-none');
      assert.deepEqual(opened.left(), []);
      await assert.rejects(backups.open('b-none'), refusedBackup('not-found'));
    });

    law('a state can be passed over', async (opened) => {
      const { backups, scratch } = opened;
      const content = sampleContent(opened);
      await backups.create('b', content, { compression: 'none' });
      await using received = await backups.receive((await backups.open('b')).open(), {});
      const target = mkdtempSync(join(scratch, 'out-'));
      await received.unpack('rootfs', async (state, fill) => (state === 'container' ? fill(target) : undefined), {});
      assert.deepEqual(stateOf(target), stateOf(content.now));
    });

    law('what fails, is aborted or makes no sense leaves nothing', async (opened) => {
      const { backups } = opened;
      const content = sampleContent(opened);
      const aborted = { compression: 'none', signal: AbortSignal.abort(new Error('stop')) };
      await assert.rejects(backups.create('b', content, aborted), /stop/);
      await assert.rejects(backups.create('b', content, { compression: 'rar' }), refusedBackup('unsupported'));
      const gone = { name: 'container', tree: { directory: '/no/such/tree', place: 'rootfs' as const } };
      await assert.rejects(backups.create('b', { ...content, states: [gone] }, { compression: 'none' }));
      for (const id of ['', '../x', '.work-1', 'a/b'])
        await assert.rejects(backups.create(id, content, { compression: 'none' }), refusedBackup('not-found'));
      for (const bytes of ['', 'no archive at all'])
        await assert.rejects(backups.receive(Readable.from([Buffer.from(bytes)]), {}), refusedBackup('broken'));
      const failing = new Readable({ read() {} });
      setImmediate(() => failing.destroy(new Error('client gone')));
      await assert.rejects(backups.receive(failing, {}), /client gone/);
      assert.deepEqual(await backups.list(), []);
      assert.deepEqual(opened.left(), []);
    });

    law('an upload lies here until it is disposed of; a sweep does not disturb it', async (opened) => {
      const { backups } = opened;
      await backups.create('b', sampleContent(opened), { compression: 'none' });
      const bytes = await buffer((await backups.open('b')).open());
      {
        await using received = await backups.receive(Readable.from([bytes]), {});
        assert.deepEqual(await backups.sweep(), []);
        await received.unpack('rootfs', async () => {}, {});
      }
      assert.deepEqual(opened.left(), ['b']);
    });
  });
}
