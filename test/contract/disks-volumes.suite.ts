/** Laws of src/core/ports/disks.ts about volumes: made, copied, replaced, written out, of a size. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { importDisk } from '../../src/disks/import-disk.ts';
import { type DisksLaw, filled, mib } from './disks-room.ts';

export function volumeLaws(law: DisksLaw): void {
  law('volumes of one image share it and are independent', async ({ disks, write, expect }) => {
    await Promise.all([disks.createFromImage('a', 'image'), disks.createFromImage('b', 'image')]);
    await write('a', 7);
    await expect({ id: 'a' }, 7);
    await expect({ id: 'b' }, 1);
    const [a, b] = await Promise.all([disks.chain({ id: 'a' }), disks.chain({ id: 'b' })]);
    assert.equal(a[1]?.path, b[1]?.path);
    assert.deepEqual([a[0].readOnly, a[1]?.readOnly], [false, true]);
    assert.deepEqual(await disks.list(), ['a', 'b']);
  });

  law('a name that is taken is refused, and nothing changes', async ({ disks, write, expect, path }) => {
    await disks.createFromImage('a', 'image');
    await write('a', 7);
    await disks.snapshot('a', 's');
    const layers = readdirSync(path('layers')).length;
    const taken = { errno: 'EEXIST' };
    await assert.rejects(disks.createFromImage('a', 'image'), taken);
    await assert.rejects(disks.createEmpty('a', mib), taken);
    await assert.rejects(disks.copy({ id: 'a' }, 'a'), taken);
    await assert.rejects(disks.snapshot('a', 's'), taken);
    await assert.rejects(
      disks.create({ id: 'a', snapshot: 's' }, () => assert.fail('called')),
      taken,
    );
    await expect({ id: 'a' }, 7);
    assert.equal(readdirSync(path('layers')).length, layers);
  });

  law('what is absent is named; removing it succeeds', async ({ disks }) => {
    const absent = { errno: 'ENOENT', message: /volume x/ };
    await assert.rejects(disks.copy({ id: 'x' }, 'y'), absent);
    await assert.rejects(disks.snapshot('x', 's'), absent);
    await assert.rejects(disks.chain({ id: 'x' }), absent);
    await assert.rejects(disks.usage('x'), absent);
    await disks.createFromImage('x', 'image');
    await assert.rejects(disks.restore('x', 's'), { errno: 'ENOENT', message: /snapshot s of volume x/ });
    await disks.remove('x');
    await disks.remove('x');
    await disks.removeSnapshot('x', 's');
    assert.deepEqual(await disks.snapshots('x'), []);
  });

  law('a copy is independent of its source, and its source of it', async ({ disks, write, expect }) => {
    await disks.createFromImage('a', 'image');
    await write('a', 7);
    await disks.copy({ id: 'a' }, 'b');
    await write('a', 8);
    await write('b', 9, '1M');
    await expect({ id: 'a' }, 8);
    await expect({ id: 'b' }, 7);
    await expect({ id: 'a' }, 0, '1M');
    await disks.remove('a');
    await expect({ id: 'b' }, 9, '1M');
    await expect({ id: 'b' }, 7);
  });

  law('copying what nobody wrote to adds no layer', async ({ disks }) => {
    await disks.createFromImage('a', 'image');
    for (const id of ['b', 'c', 'd']) await disks.copy({ id: 'a' }, id);
    await disks.snapshot('a', 's');
    for (const id of ['a', 'b', 'c', 'd']) assert.equal((await disks.chain({ id })).length, 2, id);
  });

  law(
    'one volume takes the place of another, with the snapshots of that one',
    async ({ disks, path, write, expect }) => {
      await disks.createFromImage('a', 'image');
      await write('a', 7);
      await disks.snapshot('a', 's');
      await write('a', 8);
      await disks.createFromImage('new', 'image');
      await disks.snapshot('new', 'gone');
      await disks.replace('a', 'new');
      assert.deepEqual([await disks.list(), await disks.snapshots('a')], [['a'], ['s']]);
      await expect({ id: 'a' }, 1);
      await expect({ id: 'a', snapshot: 's' }, 7);
      assert.equal(readdirSync(path('layers')).length, 3);
    },
  );

  law('an imported disk becomes a volume, and is written out as it is', async ({ disks, under, expect }) => {
    const source = join(under.scratch, 'source.vmdk');
    const plain = join(under.scratch, 'plain.qcow2');
    await filled(5)(plain);
    execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'vmdk', plain, source]);
    await disks.create(
      { id: 'a' },
      async (target) => void (await importDisk({ source, target, maxSizeBytes: 2 ** 30 })),
    );
    await disks.snapshot('a', 's');
    await expect({ id: 'a' }, 5);
    for (const form of [{ format: 'raw' }, { format: 'qcow2' }, { format: 'qcow2', compressed: true }] as const) {
      const out = join(under.scratch, `out-${JSON.stringify(form).length}`);
      await disks.writeOut({ id: 'a', snapshot: 's' }, out, form);
      execFileSync('qemu-img', ['compare', '-f', form.format, '-F', 'qcow2', out, plain]);
      const info = JSON.parse(
        execFileSync('qemu-img', ['info', '-f', form.format, '--output=json', out], { encoding: 'utf8' }),
      );
      assert.equal(info['backing-filename'], undefined);
      await assert.rejects(disks.writeOut({ id: 'a' }, out, form), { code: 'EEXIST' });
    }
  });
}

export function sizeLaws(law: DisksLaw): void {
  law('a volume may be bigger than its image, never smaller', async ({ disks, expect }) => {
    await disks.createFromImage('a', 'image', { sizeBytes: 10 * 1024 * mib });
    assert.equal(await disks.sizeBytes({ id: 'a' }), 10 * 1024 * mib);
    await expect({ id: 'a' }, 0, '9G');
    await assert.rejects(disks.createFromImage('b', 'image', { sizeBytes: mib }), {
      errno: 'EINVAL',
      message: /67108864/,
    });
    for (const sizeBytes of [0, -512, 100, 1.5 * mib + 0.5, Number.NaN, 2 ** 53, 2 ** 60])
      await assert.rejects(disks.createEmpty('b', sizeBytes), { errno: 'EINVAL' }, `${sizeBytes}`);
    assert.deepEqual(await disks.list(), ['a']);
  });

  law('a volume grows, never shrinks; its snapshots keep their size', async ({ disks, write, expect }) => {
    await disks.createFromImage('a', 'image');
    await write('a', 7);
    await disks.snapshot('a', 's');
    await disks.grow('a', 128 * mib);
    await disks.grow('a', 128 * mib);
    assert.equal(await disks.sizeBytes({ id: 'a' }), 128 * mib);
    assert.equal(await disks.sizeBytes({ id: 'a', snapshot: 's' }), 64 * mib);
    await expect({ id: 'a' }, 0, '127M');
    await expect({ id: 'a' }, 7);
    await assert.rejects(disks.grow('a', 64 * mib), /cannot be made smaller/);
    await disks.snapshot('a', 'bigger');
    assert.equal(await disks.sizeBytes({ id: 'a', snapshot: 'bigger' }), 128 * mib);
    await disks.restore('a', 's');
    assert.equal(await disks.sizeBytes({ id: 'a' }), 64 * mib);
  });

  law('usage tells what a volume alone takes', async ({ disks, write }) => {
    await disks.createFromImage('a', 'image', { sizeBytes: 10 * 1024 * mib });
    const empty = await disks.usage('a');
    assert.ok(empty <= 64 * 1024, `${empty}`);
    await write('a', 7, '0', '4M');
    await disks.snapshot('a', 's');
    const [after, kept] = await Promise.all([disks.usage('a'), disks.usage('a', 's')]);
    assert.ok(after <= 64 * 1024 && kept >= 4 * mib && kept < 5 * mib, `${after} ${kept}`);
    await disks.removeSnapshot('a', 's');
    assert.ok((await disks.usage('a')) >= 4 * mib);
  });
}
