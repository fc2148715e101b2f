/** Storage when things go wrong: SIGKILL at any moment, a full disk, a foreign directory; and what a guest can read of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Pool } from '../../src/core/ports/storage.ts';
import { unmount } from '../../src/host/mount.ts';
import { mountOverlay } from '../../src/host/overlay-mount.ts';
import { run } from '../../src/host/run.ts';
import { layerRootId, openLayerNamespace } from '../../src/host/userns.ts';
import { storageDrivers } from '../../src/storage/drivers.ts';
import { makeSample, stateOf } from '../contract/file-state.ts';

const skip = process.env.LAB_INSIDE === '1' ? false : 'mounts file systems: run it by tools/lab';
const range = { base: 1_000_000, size: 65_536 };

function createScratch(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'gasthof-storage-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function driverOf(name: string) {
  const driver = storageDrivers({ poolsDirectory: '/nowhere' }).find((one) => one.name === name);
  if (!driver) throw new Error(name);
  return driver;
}

const configOf = (driver: string, source: string) => ({ name: 'pool', driver, config: { source } });

/** The state of a volume or snapshot without shifting. */
async function stateIn(pool: Pool, target: string, id: string, snapshot?: string) {
  await pool.volumes.mount(id, target, snapshot ? { snapshot } : {});
  try {
    return stateOf(target);
  } finally {
    await pool.volumes.unmount(target);
  }
}

const customState = (pool: Pool, id: string, snapshot?: string) =>
  stateOf(pool.custom.path({ id, ...(snapshot ? { snapshot } : {}) }, 'filesystem'));

for (const name of ['overlay', 'dir'])
  test(`${name}: whatever is killed at any moment is whole or invisible, and swept`, { skip }, async () => {
    using scratch = createScratch();
    const source = join(scratch.path, 'pool');
    const target = join(scratch.path, 'target');
    mkdirSync(target);
    const driver = driverOf(name);
    const config = configOf(name, source);
    const pool = await driver.open(config);
    await pool.images.create('image', async (directory) => makeSample(directory, { privileged: true }));
    await pool.volumes.createFromImage('base', 'image');
    const image = await stateIn(pool, target, 'base');
    await pool.volumes.mount('base', target, {});
    for (let index = 0; index < 30; index += 1) writeFileSync(join(target, `file${index}`), 'x'.repeat(index * 1000));
    rmSync(join(target, 'etc/remove-me'));
    await pool.volumes.unmount(target);
    await pool.volumes.snapshot('base', 'first');
    const base = await stateIn(pool, target, 'base');
    await pool.custom.createEmpty('base', { kind: 'filesystem' });
    makeSample(pool.custom.path({ id: 'base' }, 'filesystem'), { privileged: true });
    const custom = customState(pool, 'base');

    let calls = 0;
    for (let round = 0; round < 6; round += 1) {
      calls += await churnAndKill(name, source, 3 + round * 3);
      const after = await driver.open(config);
      await after.sweep();
      assert.deepEqual(
        readdirSync(source).filter((entry) => /^\.t/.test(entry)),
        [],
      );
      for (const id of await after.volumes.list()) {
        assert.deepEqual(await stateIn(after, target, id), id.startsWith('f') ? image : base, id);
        for (const snapshot of await after.volumes.snapshots(id))
          assert.deepEqual(await stateIn(after, target, id, snapshot), base, snapshot);
        if (id !== 'base') await after.volumes.remove(id);
      }
      for (const id of await after.custom.list()) {
        if (id.startsWith('v')) assert.equal(readdirSync(after.custom.path({ id }, 'filesystem')).length, 40, id);
        else assert.deepEqual(customState(after, id), custom, id);
        for (const snapshot of await after.custom.snapshots(id))
          assert.deepEqual(customState(after, id, snapshot), custom, snapshot);
        if (id !== 'base') await after.custom.remove(id);
      }
      for (const tree of await after.images.list())
        if (tree !== 'image') assert.equal(readdirSync(join(source, 'images', tree)).length, 40, tree);
    }
    assert.ok(calls > 30, `only ${calls} calls`);
    await driver.destroy(config);
  });

/** Kills the churning process at a moment of no special kind after `calls` calls. Returns how many had ended. */
async function churnAndKill(driver: string, source: string, calls: number): Promise<number> {
  const script = join(import.meta.dirname, 'storage-churn.ts');
  // A mount namespace of its own, as a daemon has: its mounts go with it.
  const child = spawn('unshare', ['--mount', process.execPath, script, driver, source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let seen = 0;
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  child.stdout.on('data', (chunk) => {
    seen += String(chunk).split('\n').length - 1;
    if (seen >= calls) resolve();
  });
  await Promise.race([enough, exit]);
  for (let turn = Math.random() * 2000; turn > 0; turn -= 1) await new Promise(setImmediate);
  child.kill('SIGKILL');
  const [, signal] = await exit;
  assert.equal(signal, 'SIGKILL', 'the churning process failed by itself');
  return seen;
}

for (const name of ['overlay', 'dir'])
  test(`${name}: on a full disk every call fails clearly, leaves nothing, and works again after deleting`, {
    skip,
  }, async (t) => {
    using scratch = createScratch();
    const source = join(scratch.path, 'pool');
    const target = join(scratch.path, 'target');
    for (const directory of [source, target]) mkdirSync(directory);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=6m,mode=700', 'tmpfs', source]);
    using stack = new DisposableStack();
    stack.defer(() => unmount(source));
    const pool = await driverOf(name)
      .open(configOf(name, source))
      .catch((error: Error) => t.skip(error.message));
    if (!pool) return;
    const { images, volumes } = pool;
    await images.create('image', async (directory) => writeFileSync(join(directory, 'file'), 'x'));
    await volumes.createFromImage('a', 'image');
    await volumes.mount('a', target, { range });
    writeFileSync(join(target, 'big'), Buffer.alloc(4_000_000, 1));
    await volumes.unmount(target);
    const full = { name: 'HostError', errno: 'ENOSPC', message: /no space left in .*pool/ };
    await assert.rejects(volumes.copy({ id: 'a' }, 'b'), full);
    await assert.rejects(volumes.snapshot('a', 's'), full);
    const huge = async (directory: string) => writeFileSync(join(directory, 'huge'), Buffer.alloc(8_000_000, 1));
    await assert.rejects(images.create('other', huge), full);
    await pool.sweep();
    assert.deepEqual(readdirSync(source).sort(), [
      '.gasthof-pool',
      'custom',
      'custom-snapshots',
      'disks',
      'images',
      'machine-snapshots',
      'machines',
      'memories',
      'snapshots',
      'volumes',
    ]);
    assert.deepEqual([await volumes.list(), await volumes.snapshots('a'), await images.list()], [['a'], [], ['image']]);
    await volumes.mount('a', target, { range });
    assert.equal(statSync(join(target, 'big')).size, 4_000_000);
    rmSync(join(target, 'big'));
    await volumes.unmount(target);
    await volumes.copy({ id: 'a' }, 'b');
    await volumes.snapshot('a', 's');
  });

test('a directory with foreign files, or of another driver, is neither opened nor deleted', { skip }, async () => {
  using scratch = createScratch();
  writeFileSync(join(scratch.path, 'letter'), 'mine');
  const mode = statSync(scratch.path).mode;
  await assert.rejects(driverOf('dir').open(configOf('dir', scratch.path)), /not empty and not a pool/);
  await driverOf('dir').destroy(configOf('dir', scratch.path));
  assert.equal(readFileSync(join(scratch.path, 'letter'), 'utf8'), 'mine');
  assert.equal(statSync(scratch.path).mode, mode);
  const source = join(scratch.path, 'pool');
  await driverOf('dir').open(configOf('dir', source));
  await assert.rejects(driverOf('overlay').open(configOf('overlay', source)), /pool of driver dir, not overlay/);
  writeFileSync(join(source, 'letter'), 'mine');
  await driverOf('dir').destroy(configOf('dir', source));
  assert.deepEqual(readdirSync(source), ['letter']);
});

test('a file system that cannot shift ids is refused when the pool is opened', { skip }, async () => {
  using scratch = createScratch();
  const source = join(scratch.path, 'ram');
  mkdirSync(source);
  await run('mount', ['-t', 'ramfs', 'ramfs', source]);
  try {
    await assert.rejects(driverOf('overlay').open(configOf('overlay', join(source, 'pool'))), /cannot be mounted here/);
  } finally {
    unmount(source);
  }
});

test('I6: the mount table that a guest reads shows no path of the host', { skip }, async () => {
  using scratch = createScratch();
  const source = join(scratch.path, 'pool');
  const target = join(scratch.path, 'target');
  mkdirSync(target);
  const pool = await driverOf('overlay').open(configOf('overlay', source));
  await pool.images.create('image', async () => {});
  await pool.volumes.createFromImage('a', 'image');
  await pool.volumes.snapshot('a', 's');
  for (const options of [{ range }, { range, snapshot: 's' }]) {
    await pool.volumes.mount('a', target, options);
    const line =
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .find((row) => row.includes(target)) ?? '';
    await pool.volumes.unmount(target);
    const [, , , root, , ...rest] = line.split(' ');
    assert.equal(root, '/');
    assert.ok(!rest.join(' ').includes(scratch.path) && rest.includes('gasthof'), line);
    assert.match(rest.join(' '), /nodev/);
  }
});

test('layers that older kernels need attached are attached only meanwhile', { skip }, async () => {
  using scratch = createScratch();
  for (const name of ['image', 'volume', 'volume/upper', 'volume/work', 'target']) mkdirSync(join(scratch.path, name));
  chownSync(join(scratch.path, 'volume/work'), layerRootId, layerRootId);
  const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
  const before = mounts();
  const idMap = await openLayerNamespace(range);
  const target = join(scratch.path, 'target');
  const layers = { lower: [join(scratch.path, 'image')], writable: join(scratch.path, 'volume'), idMap };
  mountOverlay({ ...layers, attachLayers: true }, target);
  if (idMap !== undefined) closeSync(idMap);
  assert.equal(mounts(), before + 1);
  writeFileSync(join(target, 'file'), 'x');
  assert.equal(readFileSync(join(scratch.path, 'volume/upper/file'), 'utf8'), 'x');
  unmount(target);
  assert.equal(mounts(), before);
});
