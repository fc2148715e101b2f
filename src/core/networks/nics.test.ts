import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addImage, createWorld, fromImage, live, testFacts } from '../../../test/api/house.ts';
import type { InstanceDoc } from '../model.ts';
import { addressFromMac, allocateAddresses } from './nics.ts';

const key = 'volatile.eth0.ipv4.address';

test('300 instances created at once have 300 addresses, MACs and id ranges; then the subnet is full', async () => {
  using world = createWorld();
  await using life = await live(world, { facts: { ...testFacts } });
  await addImage(life, 'base');
  const { house } = life;
  await life.call('PATCH', '/1.0/networks/gastbr0', { config: { 'ipv4.address': '10.200.0.1/23' } });
  const template = await life
    .must('POST', '/1.0/instances', fromImage('first'))
    .then(() => house.documents.list<InstanceDoc>('instances/')[0]);
  assert.ok(template);
  const { config: _, ...rest } = template;
  await Promise.all(
    Array.from({ length: 299 }, (_unused, n) =>
      house.queue('allocate', async () => {
        const doc: InstanceDoc = { ...rest, config: {}, id: n.toString(16).padStart(12, '0'), name: `g${n}` };
        const { expand } = await import('../instances/expand.ts');
        doc.config = allocateAddresses(house, doc, expand(house, doc));
        await house.documents.put(`instances/${doc.id}`, doc);
      }),
    ),
  );
  const docs = house.documents.list<InstanceDoc>('instances/');
  assert.equal(docs.length, 300);
  assert.equal(new Set(docs.map(({ config }) => config[key])).size, 300);
  assert.equal(new Set(docs.map(({ config }) => config['volatile.eth0.hwaddr'])).size, 300);
  assert.ok(docs.every(({ config }) => !['10.200.0.0', '10.200.0.1', '10.200.1.255'].includes(config[key] ?? '')));
});

test('instances created in parallel over the API never share an address or a range', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await Promise.all(Array.from({ length: 40 }, (_, n) => life.must('POST', '/1.0/instances', fromImage(`g${n}`))));
  const docs = life.house.documents.list<InstanceDoc>('instances/');
  assert.equal(new Set(docs.map(({ config }) => config[key])).size, 40);
  assert.equal(new Set(docs.map(({ idBase }) => idBase)).size, 40);
});

test('a full subnet says so', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await life.call('PATCH', '/1.0/networks/gastbr0', { config: { 'ipv4.address': '10.200.0.1/30' } });
  await life.must('POST', '/1.0/instances', fromImage('web'));
  const full = await life.run('POST', '/1.0/instances', fromImage('more'));
  assert.match(full.err, /gastbr0 has no free address left in 10\.200\.0\.0\/30/);
  assert.equal(life.house.documents.list('instances/').length, 1);
});

test('IPv6 addresses follow from the MAC (EUI-64)', () => {
  assert.equal(addressFromMac('fd42:1:2:3::1', '10:66:6a:01:02:03'), 'fd42:1:2:3:1266:6aff:fe01:203');
  assert.equal(addressFromMac('fd42::1', '02:00:00:00:00:01'), 'fd42::ff:fe00:1');
  assert.equal(addressFromMac('fd42::1', 'nonsense'), undefined);
});
