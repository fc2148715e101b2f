/** The laws of the migration port: run on the real implementation and on one whose rsync is a fake. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { BesideTree } from '../../src/core/ports/backups.ts';
import type { MigrationSource } from '../../src/core/ports/migration.ts';
import type { MigrationParts } from '../../src/migration/migration.ts';
import { both, connect, frames, nothing, setUp, sourceOf, targetOf } from './migration-bench.ts';

export function migrationSuite(name: string, parts: Partial<MigrationParts>, skip: string | false = false): void {
  test(`${name}: snapshots travel first, each is a state of its own`, { skip }, async () => {
    await using bench = await setUp(parts);
    for (const [name, text] of [
      ['s0', 'old'],
      ['s1', 'older no more'],
      ['now', 'new'],
    ] as const) {
      mkdirSync(bench.at('source', name));
      writeFileSync(bench.at('source', name, 'f'), text);
      writeFileSync(bench.at('source', name, `only-${name}`), text);
    }
    const source = sourceOf(bench, {
      snapshots: ['s0', 's1'],
      lend: (name, use) => use({ rootfs: bench.at('source', name ?? 'now'), beside: nothing }),
    });
    const target = targetOf(bench);
    await both(bench, source, target);
    assert.deepEqual(target.kept, ['s0', 's1']);
    assert.deepEqual(readdirSync(bench.at('kept-s0')), ['f', 'only-s0']);
    assert.deepEqual(readdirSync(bench.at('kept-s1')), ['f', 'only-s1']);
    assert.deepEqual(readdirSync(bench.at('target')), ['f', 'only-now']);
    assert.equal(readFileSync(bench.at('target/f'), 'utf8'), 'new');
  });

  test(`${name}: a refresh sends what is wanted, and takes away what is gone`, { skip }, async () => {
    await using bench = await setUp(parts);
    mkdirSync(bench.at('source/s1'));
    mkdirSync(bench.at('source/now'));
    writeFileSync(bench.at('source/now/f'), 'new');
    writeFileSync(bench.at('target/f'), 'old');
    writeFileSync(bench.at('target/gone'), 'old');
    const source = sourceOf(bench, {
      snapshots: ['s0', 's1'],
      lend: (name, use) => use({ rootfs: bench.at('source', name ?? 'now'), beside: nothing }),
    });
    const target = targetOf(bench, {
      refresh: true,
      choose: ({ snapshots }) => snapshots.filter(({ name }) => name === 's1'),
    });
    await both(bench, source, target);
    assert.deepEqual(target.kept, ['s1']);
    assert.deepEqual(target.index.VolumeSnapshots, [{ name: 's1' }]);
    assert.deepEqual(readdirSync(bench.at('target')), ['f']);
  });

  test(`${name}: what fails before the end is told to the other side`, { skip }, async () => {
    await using bench = await setUp(parts);
    const refusing = targetOf(bench, {
      choose: () => {
        throw new Error('there is no room');
      },
    });
    await assert.rejects(both(bench, sourceOf(bench), refusing), /there is no room/);
    const failing = targetOf(bench, { finish: () => Promise.reject(new Error('cannot be stored')) });
    await assert.rejects(both(bench, sourceOf(bench), failing), /cannot be stored/);
    const source = sourceOf(bench, { lend: () => Promise.reject(new Error('cannot be mounted')) });
    await assert.rejects(both(bench, source, targetOf(bench)), /cannot be mounted/);
  });

  test(`${name}: frames of a killed daemon are swept`, { skip }, async () => {
    await using bench = await setUp(parts);
    mkdirSync(bench.at('scratch/migration-abc/frame'), { recursive: true });
    mkdirSync(bench.at('scratch/other'));
    assert.deepEqual(await bench.migration.sweep(), ['migration-abc']);
    assert.deepEqual(frames(bench), ['other']);
  });

  test(`${name}: metadata and templates travel, in whatever form of name a template may have`, { skip }, async () => {
    await using bench = await setUp(parts);
    const hosts = {
      when: ['create' as const],
      createOnly: true,
      template: 'hosts.tpl',
      properties: { a: 'b' },
      mode: 0o640,
    };
    const beside: BesideTree = {
      metadata: {
        architecture: 'x86_64',
        creationDate: new Date(1_700_000_000_000),
        properties: { os: 'busybox' },
        templates: { '/etc/hosts': hosts },
      },
      templates: { 'hosts.tpl': '{{ container.name }}', 'Größe 1.tpl': 'x' },
    };
    const target = targetOf(bench);
    const lend: MigrationSource['lend'] = (_, use) => use({ rootfs: bench.at('source'), beside });
    await both(bench, sourceOf(bench, { lend }), target);
    assert.deepEqual(target.beside, beside);
    assert.deepEqual(target.index, { Container: { name: 'c1' }, VolumeSnapshots: [] });
    assert.deepEqual(frames(bench), []);
  });

  for (const kind of ['instance', 'volume'] as const)
    test(`${name}: a peer that connects and says nothing is given up, as source and as target (${kind})`, {
      skip,
    }, async () => {
      await using bench = await setUp({ ...parts, handshakeMs: 20 });
      for (const side of ['send', 'receive'] as const) {
        const [ours, theirs] = connect();
        const { signal } = new AbortController();
        const source = sourceOf(bench);
        source.offer.kind = kind;
        const work =
          side === 'send'
            ? bench.migration.send(ours, source, { signal })
            : bench.migration.receive(ours, targetOf(bench, { kind }), { signal });
        const closed = new Promise<void>((resolve) => theirs.fs.onClose(resolve));
        await assert.rejects(work, /the other server was silent for 0.02 s/);
        await closed;
      }
      assert.deepEqual(frames(bench), []);
    });

  test(`${name}: a source that falls silent in the middle is given up, and nothing is left`, { skip }, async () => {
    await using bench = await setUp({ ...parts, silenceMs: 50 });
    const [ours, theirs] = connect();
    const { signal } = new AbortController();
    const received = bench.migration.receive(theirs, targetOf(bench), { signal });
    ours.control.sendBinary(Buffer.from('08003800420808011001180120016801', 'hex'));
    ours.fs.sendBinary(Buffer.from('{"config":{}}'));
    ours.fs.sendText('');
    await assert.rejects(received, /the other server was silent for 0.05 s/);
    assert.deepEqual(frames(bench), []);
  });
}
