/** Laws of src/core/ports/disks.ts about bytes that go out or come in, and images that are made of what is there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { type DisksLaw, mib } from './disks-room.ts';

export function exchangeLaws(law: DisksLaw): void {
  law(
    'the bytes of a state go out, holes left out, and come in again as they were',
    async ({ disks, write, expect }) => {
      await disks.createFromImage('a', 'image');
      await write('a', 7, '3M', '1500k');
      await disks.snapshot('a', 's');
      await write('a', 8);
      await write('a', 0, '3M', '1M');
      {
        await using content = await disks.content({ id: 'a', snapshot: 's' });
        assert.equal(content.sizeBytes, 64 * mib);
        const told = content.extents.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
        assert.ok(told >= 2.4 * mib && told < 4 * mib, `${told} bytes`);
        await disks.receive({ id: 'b', snapshot: 's' }, { sizeBytes: content.sizeBytes, pieces: content.read() });
      }
      {
        await using content = await disks.content({ id: 'a' });
        await disks.receive({ id: 'b' }, { sizeBytes: content.sizeBytes, pieces: content.read() });
      }
      await expect({ id: 'b', snapshot: 's' }, 1);
      await expect({ id: 'b', snapshot: 's' }, 7, '3M', '1500k');
      await expect({ id: 'b' }, 8);
      await expect({ id: 'b' }, 0, '3M', '1M');
      await expect({ id: 'b' }, 7, '4M', '476k');
      const [file] = await disks.chain({ id: 'b' });
      execFileSync('qemu-img', ['check', '-q', '-f', 'qcow2', file.path]);
      assert.deepEqual(await disks.snapshots('b'), ['s']);
    },
  );

  law('what breaks off while it comes in leaves nothing', async ({ disks, path }) => {
    const layers = readdirSync(path('layers')).length;
    const pieces = async function* () {
      yield { offset: 0, bytes: Buffer.alloc(3 * mib, 1) };
      throw new Error('the line is dead');
    };
    await assert.rejects(disks.receive({ id: 'a' }, { sizeBytes: 8 * mib, pieces: pieces() }), /the line is dead/);
    const none = { async *[Symbol.asyncIterator]() {} };
    await assert.rejects(disks.receive({ id: 'a' }, { sizeBytes: 8 * mib + 1, pieces: none }), { errno: 'EINVAL' });
    assert.deepEqual(await disks.list(), []);
    assert.equal(readdirSync(path('layers')).length, layers);
  });

  law(
    'an image of a state shares its bytes, and stays when the volume goes',
    async ({ disks, write, expect, path }) => {
      await disks.createFromImage('a', 'image');
      await write('a', 7);
      await disks.snapshot('a', 's');
      await disks.images.createFrom('made', { id: 'a' });
      await disks.images.createFrom('made', { id: 'a' });
      await write('a', 8);
      await disks.images.createFrom('older', { id: 'a', snapshot: 's' });
      const layers = readdirSync(path('layers')).length;
      await disks.remove('a');
      await disks.createFromImage('b', 'made');
      await disks.createFromImage('c', 'older');
      await expect({ id: 'b' }, 7);
      await expect({ id: 'c' }, 7);
      assert.ok(readdirSync(path('layers')).length <= layers + 2);
      for (const image of ['made', 'older']) await disks.images.remove(image);
      await expect({ id: 'b' }, 7);
    },
  );
}
