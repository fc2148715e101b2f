/** Devices that only one kind of guest can have, over the API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addImage, fromImage, type Life, live } from './house.ts';

async function withBoth(): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('box', {}));
  await life.must('POST', '/1.0/instances', { name: 'vm', type: 'virtual-machine', source: { type: 'none' } });
  const volume = { name: 'disk1', type: 'custom', content_type: 'block', config: { size: '8MiB' } };
  await life.call('POST', '/1.0/storage-pools/default/volumes/custom', volume);
  return life;
}

test('disks without a path, block volumes, USB and PCI are told apart by the kind of guest (E14, P05)', async () => {
  await using life = await withBoth();
  const given = async (guest: string, device: Record<string, string>) => {
    const reply = await life.call('PATCH', `/1.0/instances/${guest}`, { devices: { x: device } });
    return reply.status === 200 ? 'yes' : JSON.stringify(reply);
  };
  const block = { type: 'disk', pool: 'default', source: 'disk1' };
  const file = { type: 'disk', source: '/srv/a.img' };
  assert.equal(await given('vm', block), 'yes');
  assert.match(await given('box', { ...block, path: '/mnt' }), /only virtual machines can have it/);
  assert.equal(await given('vm', { ...file, 'boot.priority': '5', 'io.bus': 'nvme' }), 'yes');
  assert.match(await given('vm', { ...file, 'io.bus': 'ide' }), /io\.bus/);
  assert.match(await given('box', file), /needs the key path/);
  assert.match(await given('vm', { ...block, source: 'disk1/inside' }), /no paths in it/);
  const usb = { type: 'usb', vendorid: 'ffff' };
  assert.deepEqual([await given('vm', usb), await given('box', usb)], ['yes', 'yes']);
  for (const guest of ['vm', 'box'])
    assert.match(
      await given(guest, { type: 'pci', address: '0000:ff:1f.7' }),
      /no PCI device|for virtual machines only/,
    );
  const proxy = { type: 'proxy', listen: 'tcp:127.0.0.1:99', connect: 'tcp:127.0.0.1:9' };
  assert.match(await given('vm', proxy), /Only NAT mode/);
  assert.match(await given('vm', { type: 'unix-char', source: '/dev/null' }), /not offered devices of this kind/);
});
