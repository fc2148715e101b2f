/** Repair at the start of the daemon: every phase that a dead daemon can leave, with every state that the engine can tell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addImage, createWorld, fromImage, type Life, live, type World } from '../../../test/api/house.ts';
import { type InstanceDoc, keys, type Phase } from '../model.ts';
import { startOrder } from './autostart.ts';

type Seen = 'absent' | 'created' | 'running' | 'frozen' | 'ended';
const phases: Phase[] = ['creating', 'stopped', 'starting', 'running', 'frozen', 'stopping', 'restoring', 'deleting'];
const states: Seen[] = ['absent', 'created', 'running', 'frozen', 'ended'];

/** What has to be there afterwards; undefined: no instance. */
function expected(phase: Phase, seen: Seen): Phase | undefined {
  if (phase === 'creating' || phase === 'deleting') return undefined;
  if (phase === 'stopped' || phase === 'restoring') return 'stopped';
  return seen === 'running' || seen === 'frozen' ? 'running' : 'stopped';
}

async function withGuest(world: World): Promise<InstanceDoc> {
  await using life = await live(world);
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
  const [doc] = life.house.documents.list<InstanceDoc>('instances/');
  assert.ok(doc);
  return doc;
}

async function arrange({ engine, mountDirectory }: World, id: string, seen: Seen): Promise<void> {
  const spec = engine.spec(id);
  assert.ok(spec);
  if (seen === 'frozen') await engine.freeze(id);
  if (seen === 'ended') engine.end(id, { kind: 'halted' });
  if (seen !== 'absent' && seen !== 'created') return;
  await engine.remove(id);
  if (seen === 'created') await engine.create({ ...spec, rootfs: mountDirectory });
}

const nothingLeft = async (life: Life) => {
  const { engine, networks } = life.world;
  const running = life.house.documents.list<InstanceDoc>('instances/').filter(({ phase }) => phase === 'running');
  assert.deepEqual(
    (await engine.observe()).map(({ id }) => id),
    running.map(({ id }) => id),
    'guests of the engine',
  );
  assert.deepEqual(
    (await networks.observe()).nics.map(({ guest }) => guest),
    running.map(({ id }) => id),
    'network cards',
  );
  const volumes = await life.house.pools.get('default')?.volumes.list();
  assert.deepEqual(
    volumes,
    life.house.documents.list<InstanceDoc>('instances/').map(({ id }) => id),
    'volumes',
  );
  for (const { id } of running) assert.ok(life.house.runtime.get(id), 'a running guest is known');
};

for (const phase of phases)
  for (const seen of states)
    test(`a guest in phase ${phase} that the engine sees as ${seen}: ${expected(phase, seen) ?? 'cleared'}`, async () => {
      using world = createWorld();
      const doc = await withGuest(world);
      await arrange(world, doc.id, seen);
      await world.store.commit([{ put: keys.instance(doc.id), value: { ...doc, phase } }]);
      await using life = await live(world);
      const after = life.house.documents.get<InstanceDoc>(keys.instance(doc.id));
      // A frozen guest stays frozen when that is what it was.
      const wanted = phase === 'frozen' && seen === 'frozen' ? 'frozen' : expected(phase, seen);
      assert.equal(after?.phase, wanted);
      if (wanted !== 'frozen') await nothingLeft(life);
      assert.deepEqual(life.bugs, []);
    });

test('what nobody owns goes: guests, cards, networks, volumes, snapshots, image trees and files', async () => {
  using world = createWorld();
  const doc = await withGuest(world);
  {
    await using life = await live(world);
    const pool = life.house.pools.get('default');
    assert.ok(pool);
    await pool.volumes.createEmpty('00000000dead');
    await pool.volumes.snapshot(doc.id, 'cafecafecafe');
    await pool.images.create('f'.repeat(64), async () => {});
    const spec = world.engine.spec(doc.id);
    assert.ok(spec);
    await world.engine.create({ ...spec, id: '00000000beef', rootfs: world.mountDirectory });
    await world.networks.ensure({
      name: 'lost0',
      link: 'lost0',
      mtu: 1500,
      domain: 'x',
      nameservers: [],
      rawDnsmasq: '',
    });
    await world.images.receive({ unified: new Blob(['orphan']).stream() as never }, {});
  }
  await using life = await live(world);
  const pool = life.house.pools.get('default');
  assert.deepEqual(await pool?.volumes.snapshots(doc.id), []);
  assert.deepEqual(await pool?.images.list(), await world.images.list());
  assert.equal((await world.images.list()).length, 1);
  assert.deepEqual(
    (await world.networks.observe()).networks.map(({ name }) => name),
    ['gastbr0'],
  );
  await nothingLeft(life);
});

test('a guest that runs on is the same guest, with its link, and can be used and stopped', async () => {
  using world = createWorld();
  const doc = await withGuest(world);
  const [before] = (await world.networks.observe()).nics;
  await using life = await live(world);
  const web = await life.get<{ config: Record<string, string>; status: string }>('/1.0/instances/web');
  assert.deepEqual([web.status, web.config['volatile.eth0.host_name']], ['Running', before?.hostName]);
  assert.equal((await life.must('POST', '/1.0/instances/web/exec', { command: ['true'] })).metadata?.return, 0);
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop' });
  assert.equal(life.house.documents.get<InstanceDoc>(keys.instance(doc.id))?.phase, 'stopped');
  await nothingLeft(life);
});

test('a card that was admitted and not attached when the daemon died is attached', async () => {
  using world = createWorld();
  await withGuest(world);
  const [card] = (await world.networks.observe()).nics;
  assert.ok(card?.spec);
  await world.networks.detach(card.spec, { keepLease: true });
  await world.networks.admit(card.spec);
  await using life = await live(world);
  const found = (await world.networks.observe()).nics;
  assert.deepEqual(
    found.map(({ name, half }) => [name, half]),
    [['eth0', false]],
  );
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop' });
  await nothingLeft(life);
});

test('a guest that rebooted while no daemon was there is started again', async () => {
  using world = createWorld();
  const doc = await withGuest(world);
  world.engine.end(doc.id, { kind: 'rebooting' });
  await using life = await live(world);
  await life.house.operations.idle();
  assert.equal(life.house.documents.get<InstanceDoc>(keys.instance(doc.id))?.phase, 'running');
  await nothingLeft(life);
});

for (const phase of ['frozen', 'stopping'] as const)
  test(`what was handed over stands still (${phase}), until somebody lets it run here`, async () => {
    using world = createWorld();
    const doc = await withGuest(world);
    await world.engine.freeze(doc.id);
    await world.store.commit([{ put: keys.instance(doc.id), value: { ...doc, phase, handedOver: true } }]);
    await using life = await live(world);
    const now = () => life.house.documents.get<InstanceDoc>(keys.instance(doc.id));
    const standing = () =>
      life.house.warnings.list().filter(({ status, kind }) => status === 'new' && /run on another server/.test(kind))
        .length;
    assert.equal(now()?.phase, 'frozen');
    assert.equal((await world.engine.observe())[0]?.state, 'frozen');
    assert.equal(standing(), 1);
    await life.must('PUT', '/1.0/instances/web/state', { action: 'unfreeze' });
    assert.equal(now()?.phase, 'running');
    assert.equal(now()?.handedOver, undefined);
    assert.equal(standing(), 0);
  });

test('what was handed over is not started with the host, and a stop does not let it run', async () => {
  using world = createWorld();
  const doc = await withGuest(world);
  await world.engine.freeze(doc.id);
  await world.store.commit([{ put: keys.instance(doc.id), value: { ...doc, phase: 'frozen', handedOver: true } }]);
  await using life = await live(world);
  const now = () => life.house.documents.get<InstanceDoc>(keys.instance(doc.id));
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop', timeout: 5 });
  assert.equal(now()?.phase, 'stopped');
  assert.deepEqual(now()?.lastEnd, { kind: 'killed', signal: 'SIGKILL' });
  assert.deepEqual(startOrder(life.house, new Set([doc.id])), []);
  await life.must('PUT', '/1.0/instances/web/state', { action: 'start' });
  assert.equal(now()?.handedOver, undefined);
});
