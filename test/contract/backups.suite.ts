/** The laws of the backups port. `real` is false for a fake without root: it keeps neither owners nor compressions. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { type BackupFiles, BackupRefused } from '../../src/core/ports/backups.ts';
import type { DiskContent, DiskPiece } from '../../src/core/ports/disk-content.ts';
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

/** A disk in memory. */
export const diskOf = (sizeBytes: number, pieces: DiskPiece[]): DiskContent => ({
  sizeBytes,
  extents: pieces.map(({ offset, bytes }) => ({ offset, lengthBytes: bytes.length })),
  async *read() {
    yield* pieces;
  },
  async [Symbol.asyncDispose]() {},
});

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

    law('disks come back as they were, holes left out, in every compression', async ({ backups, real, left }) => {
      const mib = 2 ** 20;
      const torn = [
        { offset: 4096, bytes: randomBytes(70_144) },
        { offset: 5 * mib, bytes: Buffer.alloc(2 * mib, 7) },
        { offset: 256 * mib - 512, bytes: Buffer.alloc(512, 9) },
      ];
      const full = [{ offset: 0, bytes: randomBytes(mib) }];
      const files = {
        'backup.yaml': { a: 1 },
        'metadata.yaml': { architecture: 'x86_64' },
        'qemu.nvram': Buffer.of(0, 255),
      };
      const states = [
        { name: 'virtual-machine-snapshots/s0', files, open: async () => diskOf(mib, full) },
        { name: 'virtual-machine-snapshots/none', files, open: async () => diskOf(64 * mib, []) },
        { name: 'virtual-machine', files, open: async () => diskOf(256 * mib, torn) },
      ];
      for (const compression of real ? backups.compressions : ['none']) {
        const { sizeBytes } = await backups.createOfDisks('d', { index: { name: 'vm' }, states }, { compression });
        assert.ok(sizeBytes < 5 * mib, `${sizeBytes} bytes`);
        const bytes = await buffer((await backups.open('d')).open());
        await using received = await backups.receive(Readable.from([bytes]), {});
        assert.deepEqual(received.index, { name: 'vm' });
        const seen: Record<string, unknown> = {};
        const beside = await received.unpackDisks(async (name, disk) => {
          const hash = createHash('sha256');
          let readBytes = 0;
          for await (const piece of disk.pieces) {
            hash.update(piece.bytes);
            readBytes += piece.bytes.length;
          }
          seen[name] = { sizeBytes: disk.sizeBytes, readBytes, hash: hash.digest('hex') };
        }, {});
        const expected = (sizeBytes: number, pieces: DiskPiece[]) => ({
          sizeBytes,
          readBytes: pieces.reduce((sum, piece) => sum + piece.bytes.length, 0),
          hash: createHash('sha256')
            .update(Buffer.concat(pieces.map((piece) => piece.bytes)))
            .digest('hex'),
        });
        assert.deepEqual(seen, {
          'virtual-machine-snapshots/s0': expected(mib, full),
          'virtual-machine-snapshots/none': expected(64 * mib, []),
          'virtual-machine': expected(256 * mib, torn),
        });
        if (real) assert.equal(beside.get('virtual-machine')?.metadata?.architecture, 'x86_64');
        await backups.remove('d');
      }
      assert.deepEqual(left(), []);
    });

    law('a disk that cannot be read, and an abort in the middle, leave nothing', async ({ backups, left }) => {
      const broken = { name: 'virtual-machine', open: () => Promise.reject(new Error('no such disk')) };
      await assert.rejects(
        backups.createOfDisks('d', { index: {}, states: [broken] }, { compression: 'gzip' }),
        /no such/,
      );
      const torn = async () => ({
        ...diskOf(2 ** 20, [{ offset: 0, bytes: Buffer.alloc(2 ** 20, 1) }]),
        async *read(): AsyncGenerator<DiskPiece> {
          yield { offset: 0, bytes: Buffer.alloc(1000) };
          throw new Error('torn');
        },
      });
      const half = { name: 'virtual-machine', open: torn };
      for (const compression of ['none', 'gzip'])
        await assert.rejects(backups.createOfDisks('d', { index: {}, states: [half] }, { compression }), /torn/);
      assert.deepEqual(left(), []);
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
