/** Backups and their import: the whole API in memory. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Instance, InstanceBackup, InstanceFull, InstanceSnapshot } from '../../src/api/resources/instances.ts';
import { createExpiry } from '../../src/core/instances/expiry.ts';
import { allInstances } from '../../src/core/instances/find.ts';
import { reconcile } from '../../src/core/instances/reconcile.ts';
import { addImage, everyDocument, fromImage, type Life, live } from './house.ts';

const octets = { 'Content-Type': 'application/octet-stream' };
const backups = '/1.0/instances/web/backups';

async function withGuest(): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web', { config: { 'user.k': 'v' }, description: 'old one' }));
  const doc = allInstances(life.house)[0];
  const volumes = life.house.pools.get('default')?.volumes;
  assert.ok(doc && volumes);
  const target = join(life.world.mountDirectory, 'look');
  await volumes.mount(doc.id, target, {});
  writeFileSync(join(target, 'file'), 'kept');
  await volumes.unmount(target);
  await life.must('POST', '/1.0/instances/web/snapshots', { name: 's0' });
  return life;
}

/** Makes a backup and gives its bytes. */
async function exported(life: Life, body: Record<string, unknown> = {}): Promise<Buffer> {
  const operation = await life.must('POST', backups, body);
  const name = operation.resources.backups?.[0]?.split('/').at(-1);
  const reply = await life.call('GET', `${backups}/${name}/export`);
  assert.equal(reply.status, 200);
  return reply.bytes;
}

const imported = (life: Life, bytes: Buffer, headers: Record<string, string> = {}) =>
  life.run('POST', '/1.0/instances', bytes, { ...octets, ...headers });
const snapshots = async (life: Life, name: string) =>
  (await life.get<InstanceSnapshot[]>(`/1.0/instances/${name}/snapshots?recursion=1`)).map((one) => one.name);

test('backups are made, listed, shown, renamed, given out and deleted as Incus does it', async () => {
  await using life = await withGuest();
  const operation = await life.must('POST', backups, { name: '', expires_at: '2126-01-01T00:00:00Z' });
  assert.equal(operation.description, 'Backing up instance');
  assert.deepEqual(operation.resources, { instances: ['/1.0/instances/web'], backups: [`${backups}/backup0`] });
  await life.must('POST', backups, { container_only: true, optimized_storage: true, compression_algorithm: 'zstd' });
  assert.deepEqual(await life.get(backups), [`${backups}/backup0`, `${backups}/backup1`]);
  const shown = await life.get<InstanceBackup>(`${backups}/backup0`);
  assert.partialDeepStrictEqual(shown, { name: 'backup0', instance_only: false, optimized_storage: false });
  assert.equal(shown.expires_at, '2126-01-01T00:00:00.000Z');
  const listed = await life.get<InstanceBackup[]>(`${backups}?recursion=1`);
  assert.deepEqual(
    listed.map(({ name, instance_only, expires_at }) => [name, instance_only, expires_at]),
    [
      ['backup0', false, '2126-01-01T00:00:00.000Z'],
      ['backup1', true, '0001-01-01T00:00:00Z'],
    ],
  );
  await life.must('POST', `${backups}/backup0`, { name: 'first' });
  const reply = await life.call('GET', `${backups}/first/export`);
  assert.equal(reply.headers['content-disposition'], 'inline;filename=');
  assert.equal(Number(reply.headers['content-length']), reply.bytes.length);
  for (const name of ['first', 'backup1']) await life.must('DELETE', `${backups}/${name}`);
  assert.deepEqual(await life.get(backups), []);
  assert.deepEqual(await life.house.backups.list(), []);
  const actions = life.events.flatMap(({ type, metadata }) =>
    type === 'lifecycle' ? [(metadata as { action: string }).action] : [],
  );
  for (const verb of ['created', 'renamed', 'retrieved', 'deleted'])
    assert.ok(actions.includes(`instance-backup-${verb}`), verb);
});

test('the whole address, as lxc 5.0 asks for it, finds the backup', async () => {
  await using life = await withGuest();
  await life.must('POST', backups);
  const whole = encodeURIComponent(`${backups}/backup0`);
  assert.equal((await life.call('GET', `${backups}/${whole}/export`)).status, 200);
  await life.must('DELETE', `${backups}/${whole}`);
});

test('backups are shown in the full object of their instance, null when there is none', async () => {
  await using life = await withGuest();
  assert.equal((await life.get<InstanceFull[]>('/1.0/instances?recursion=2'))[0]?.backups, null);
  await life.must('POST', backups, { name: 'b' });
  const [full] = await life.get<InstanceFull[]>('/1.0/instances?recursion=2');
  assert.deepEqual(
    full?.backups?.map(({ name }) => name),
    ['b'],
  );
  const one = await life.get<InstanceFull>('/1.0/instances/web?recursion=1');
  assert.deepEqual(
    one.backups?.map(({ name }) => name),
    ['b'],
  );
});

const refused: [what: string, body: Record<string, unknown>, status: number][] = [
  ['a name with a slash', { name: 'a/b' }, 400],
  ['a taken name', { name: 'taken' }, 409],
  ['an unknown compression', { compression_algorithm: 'rar' }, 400],
  ['an expiry in the past', { expires_at: '2001-01-01T00:00:00Z' }, 400],
  ['an expiry that is no time', { expires_at: 'soon' }, 400],
];
test('senseless backups are refused and change nothing', async () => {
  await using life = await withGuest();
  await life.must('POST', backups, { name: 'taken' });
  const before = await everyDocument(life.world);
  for (const [what, body, status] of refused)
    assert.equal((await life.call('POST', backups, body)).status, status, what);
  for (const path of ['nobody', 'nobody/export', '%2F1.0%2Fx%2Fnobody'])
    assert.equal((await life.call('GET', `${backups}/${path}`)).json().error, 'Instance backup not found');
  assert.equal((await life.call('POST', `${backups}/taken`, { name: 'a b/c' })).status, 400);
  assert.deepEqual(await everyDocument(life.world), before);
});

test('an export comes back as another instance with snapshots, config and addresses', async () => {
  await using life = await withGuest();
  const bytes = await exported(life);
  const before = await life.get<Instance>('/1.0/instances/web');
  const operation = await imported(life, bytes, { 'X-Incus-name': 'again' });
  assert.deepEqual([operation.status, operation.description], ['Success', 'Restoring backup']);
  assert.deepEqual(operation.resources, { instances: ['/1.0/instances/again'] });
  const after = await life.get<Instance>('/1.0/instances/again');
  assert.deepEqual(await snapshots(life, 'again'), ['s0']);
  for (const key of ['user.k', 'volatile.eth0.hwaddr', 'volatile.base_image', 'volatile.apply_template'])
    assert.equal(after.config[key], before.config[key], key);
  assert.notEqual(after.config['volatile.uuid'], before.config['volatile.uuid']);
  assert.deepEqual([after.description, after.created_at], [before.description, before.created_at]);
  const reply = await life.call('GET', '/1.0/instances/again/files?path=/file');
  assert.equal(reply.text, 'kept');
  await life.must('PUT', '/1.0/instances/again', { restore: 's0' });
});

test('two instances with one MAC do not both start', async () => {
  await using life = await withGuest();
  const bytes = await exported(life);
  await imported(life, bytes, { 'X-Incus-name': 'again' });
  const { config } = await life.get<Instance>('/1.0/instances/again');
  const ended = await life.run('PUT', '/1.0/instances/again/state', { action: 'start' });
  const mac = config['volatile.eth0.hwaddr'];
  const text = `Failed start validation for device "eth0": MAC address "${mac}" already defined on another NIC`;
  assert.equal(ended.err, text);
  await life.must('DELETE', '/1.0/instances/web');
  await life.must('PUT', '/1.0/instances/again/state', { action: 'start' });
});

test('an instance that was deleted comes back with all that it was known by', async () => {
  await using life = await withGuest();
  const bytes = await exported(life);
  const before = await life.get<Instance>('/1.0/instances/web');
  await life.must('DELETE', '/1.0/instances/web');
  assert.deepEqual(await life.house.backups.list(), [], 'its backups are gone');
  assert.equal((await imported(life, bytes)).status, 'Success');
  const after = await life.get<Instance>('/1.0/instances/web');
  for (const key of ['volatile.uuid', 'volatile.cloud-init.instance-id', 'volatile.eth0.hwaddr'])
    assert.equal(after.config[key], before.config[key], key);
});

test('with instance_only an export has no snapshots; pool, config and devices can be changed on the way in', async () => {
  await using life = await withGuest();
  await life.call('POST', '/1.0/storage-pools', { name: 'second', driver: 'memory', config: {} });
  const bytes = await exported(life, { instance_only: true });
  const headers = {
    'X-Incus-name': 'there',
    'X-Incus-pool': 'second',
    'X-Incus-config': 'user.k=changed&user.new=1',
    'X-Incus-devices': `none0=${encodeURIComponent('type=none')}`,
  };
  assert.equal((await imported(life, bytes, headers)).status, 'Success');
  const there = await life.get<Instance>('/1.0/instances/there');
  assert.deepEqual(await snapshots(life, 'there'), []);
  assert.equal(there.expanded_devices.root?.pool, 'second');
  assert.deepEqual(
    [there.config['user.k'], there.config['user.new'], there.devices.none0],
    ['changed', '1', { type: 'none' }],
  );
});

test('an import onto a taken name fails in the words of Incus, and leaves nothing', async () => {
  await using life = await withGuest();
  const bytes = await exported(life);
  const before = await everyDocument(life.world);
  const operation = await imported(life, bytes);
  assert.equal(operation.err, 'Create instance from backup: Cannot restore volume, already exists on target');
  assert.equal(operation.status_code, 400);
  assert.deepEqual(await everyDocument(life.world), before);
});

/** The archive of the fake with something changed in it. */
function changed(
  bytes: Buffer,
  change: (archive: Record<string, never> & { index: Record<string, never> }) => void,
): Buffer {
  const archive = JSON.parse(bytes.toString());
  change(archive);
  return Buffer.from(JSON.stringify(archive));
}
// biome-ignore lint/suspicious/noExplicitAny: archives are bent in every way here.
type Loose = any;
const bad: [what: string, change: (archive: Loose) => void, text: RegExp][] = [
  ['no index', (archive) => delete archive.index, /index/],
  ['a volume', (archive) => (archive.index.type = 'custom'), /of type "custom"/],
  ['the optimized format', (archive) => (archive.index.optimized = true), /optimized/],
  ['an index without config', (archive) => delete archive.index.config, /no config/],
  ['a list for a map', (archive) => (archive.index.config.container.config = ['a']), /not a map/],
  ['a map for a text', (archive) => (archive.index.config.container.config['user.x'] = { a: 1 }), /not a text/],
  [
    'an unknown key',
    (archive) => (archive.index.config.container.config['no.such'] = '1'),
    /Unknown configuration key/,
  ],
  ['a missing profile', (archive) => (archive.index.config.container.profiles = ['gone']), /Profile "gone"/],
  [
    'a missing network',
    (archive) => (archive.index.config.container.devices.eth1 = { type: 'nic', network: 'gone' }),
    /gone/,
  ],
  ['another architecture', (archive) => (archive.index.config.container.architecture = 's390x'), /s390x/],
  ['a name that leads out', (archive) => (archive.index.name = '../x'), /[Nn]ame/],
  ['a snapshot that is not described', (archive) => archive.index.snapshots.push('s9'), /s9/],
  [
    'a snapshot with a name that leads out',
    (archive) => (archive.index.config.snapshots[0].name = '..'),
    /[Ss]napshot/,
  ],
];
for (const [what, change, text] of bad)
  test(`a backup with ${what} is refused before anything is made`, async () => {
    await using life = await withGuest();
    const bytes = changed(await exported(life), change);
    const before = await everyDocument(life.world);
    const reply = await life.call('POST', '/1.0/instances', bytes, {
      ...octets,
      'X-Incus-name': what === 'a name that leads out' ? '' : 'again',
    });
    assert.equal(reply.status, 400, reply.text);
    assert.match(reply.json().error, text);
    assert.deepEqual(await everyDocument(life.world), before);
    assert.deepEqual(life.bugs, []);
  });

test('a backup whose files are not all there leaves nothing', async () => {
  await using life = await withGuest();
  const bytes = await exported(life);
  const before = await everyDocument(life.world);
  for (const gone of [0, 1]) {
    const broken = changed(bytes, (archive) => (archive as Loose).states.splice(gone, 1));
    const operation = await imported(life, broken, { 'X-Incus-name': 'again' });
    assert.equal(operation.status, 'Failure');
    assert.match(operation.err, gone === 0 ? /snapshot s0/ : /no root file system/);
  }
  assert.deepEqual(await everyDocument(life.world), before);
  assert.equal((await life.house.pools.get('default')?.volumes.list())?.length, 1);
});

test('a running guest is backed up from a copy aside, which goes afterwards', async () => {
  await using life = await withGuest();
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  await exported(life);
  assert.equal((await life.get<Instance>('/1.0/instances/web')).status, 'Running');
  assert.equal((await life.house.pools.get('default')?.volumes.list())?.length, 1);
});

test('expired backups are deleted', async () => {
  await using life = await withGuest();
  await life.must('POST', backups, { name: 'soon', expires_at: new Date(Date.now() + 300).toISOString() });
  using expiry = createExpiry(life.house);
  expiry.look();
  const deadline = Date.now() + 20_000;
  while ((await life.get<string[]>(backups)).length > 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(await life.get(backups), []);
  assert.deepEqual(await life.house.backups.list(), []);
});

test('repair clears files of backups without a document', async () => {
  await using life = await withGuest();
  await life.must('POST', backups, { name: 'kept' });
  const [id = ''] = await life.house.backups.list();
  await life.house.backups.create('0rphan', { index: {}, states: [] }, { compression: 'none' });
  await reconcile(life.house);
  assert.deepEqual(await life.house.backups.list(), [id]);
});
