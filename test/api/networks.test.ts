/** Forwards, access lists, allocations and renaming of networks over the API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkAcl } from '../../src/api/resources/network-acls.ts';
import type { NetworkForward } from '../../src/api/resources/network-forwards.ts';
import type { Network, NetworkAllocation } from '../../src/api/resources/networks.ts';
import { addImage, fromImage, type Life, live } from './house.ts';

async function withNetwork(): Promise<Life> {
  const life = await live();
  const config = { 'ipv4.address': '10.50.0.1/24', 'ipv6.address': 'fd50::1/64' };
  await life.call('POST', '/1.0/networks', { name: 'net1', config });
  return life;
}
const port = (rest: Record<string, string> = {}) => ({
  protocol: 'tcp',
  listen_port: '8080',
  target_address: '10.50.0.9',
  target_port: '80',
  ...rest,
});

test('a forward is created, changed, listed and deleted; its address is free for one only (C03)', async () => {
  await using life = await withNetwork();
  const forwards = '/1.0/networks/net1/forwards';
  const made = await life.call('POST', forwards, { listen_address: '192.0.2.10', ports: null });
  assert.deepEqual([made.status, made.headers.location], [201, `${forwards}/192.0.2.10`]);
  assert.equal((await life.call('POST', forwards, { listen_address: '192.0.2.10' })).status, 400);
  const put = await life.call('PUT', `${forwards}/192.0.2.10`, { ports: [port()], config: {} });
  assert.equal(put.status, 200);
  const [forward] = await life.get<NetworkForward[]>(`${forwards}?recursion=1`);
  assert.deepEqual(forward?.ports, [{ description: '', ...port() }]);
  assert.deepEqual(await life.get(forwards), [`${forwards}/192.0.2.10`]);
  assert.equal((await life.call('DELETE', `${forwards}/192.0.2.10`)).status, 200);
  assert.equal((await life.call('GET', `${forwards}/192.0.2.10`)).status, 404);
});

test('forwards that cannot work are refused with the reason, and what was there stays', async () => {
  await using life = await withNetwork();
  const forwards = '/1.0/networks/net1/forwards';
  await life.call('POST', forwards, { listen_address: '192.0.2.10', ports: [port()] });
  const bad: [unknown, RegExp][] = [
    [{ ports: [port({ protocol: 'sctp' })] }, /protocol must be one of: tcp, udp/],
    [{ ports: [port({ listen_port: '80-' })] }, /Invalid listen port/],
    [{ ports: [port({ listen_port: '90-99', target_port: '10-12' })] }, /10 listen ports cannot go to 3/],
    [{ ports: [port(), port({ target_port: '81' })] }, /Duplicate listen port 8080/],
    [{ ports: [port({ target_address: '10.60.0.9' })] }, /not in the network net1/],
    [{ ports: [port({ target_address: '10.50.0.1' })] }, /the gateway/],
    [{ ports: [port({ target_address: 'fd50::9' })] }, /of another family/],
    [{ config: { target_address: 'web' } }, /not an IP address/],
    [{ config: { nosuch: '1' } }, /Invalid option "nosuch"/],
  ];
  for (const [body, text] of bad) {
    const reply = await life.call('PUT', `${forwards}/192.0.2.10`, body);
    assert.equal(reply.status, 400, reply.text);
    assert.match(reply.json().error, text);
  }
  for (const address of ['0.0.0.0', '10.50.0.7', 'localhost', '']) {
    const reply = await life.call('POST', forwards, { listen_address: address });
    assert.equal(reply.status, 400, address);
  }
  assert.equal((await life.get<NetworkForward>(`${forwards}/192.0.2.10`)).ports.length, 1);
});

test('access lists: rules are checked, networks name them, lists in use stay', async () => {
  await using life = await withNetwork();
  const rule = { action: 'allow', protocol: 'tcp', destination_port: '22,80-90', source: '10.0.0.0/8', state: '' };
  const made = await life.call('POST', '/1.0/network-acls', { name: 'web', ingress: [rule], egress: null });
  assert.deepEqual([made.status, made.headers.location], [201, '/1.0/network-acls/web']);
  const acl = await life.get<NetworkAcl>('/1.0/network-acls/web');
  assert.deepEqual(acl.ingress, [
    { state: 'enabled', action: 'allow', protocol: 'tcp', destination_port: '22,80-90', source: '10.0.0.0/8' },
  ]);
  const bad: [Record<string, string>, RegExp][] = [
    [{ action: 'permit' }, /Action must be one of/],
    [{ action: 'allow', state: 'on' }, /State must be one of/],
    [{ action: 'allow', protocol: 'gre' }, /Protocol must be one of/],
    [{ action: 'allow', destination_port: '80' }, /Ports need the protocol/],
    [{ action: 'allow', protocol: 'tcp', destination_port: 'http' }, /Invalid destination port/],
    [{ action: 'allow', source: 'web' }, /Invalid source "web"/],
    [{ action: 'allow', source: '10.0.0.9-10.0.0.1' }, /Invalid source/],
    [{ action: 'allow', protocol: 'tcp', icmp_type: '8' }, /need the protocol icmp/],
    [{ action: 'allow', protocol: 'icmp4', icmp_type: '300' }, /0 to 255/],
  ];
  for (const [one, text] of bad) {
    const reply = await life.call('PUT', '/1.0/network-acls/web', { egress: [one] });
    assert.match(reply.json().error, text);
  }
  const twice = await life.call('PUT', '/1.0/network-acls/web', { ingress: [rule, { ...rule }], egress: [] });
  assert.match(twice.json().error, /ingress rule 1: Duplicate/);
  const unknown = await life.call('PATCH', '/1.0/networks/net1', { config: { 'security.acls': 'nosuch' } });
  assert.match(unknown.json().error, /no network ACL "nosuch"/);
  assert.equal((await life.call('PATCH', '/1.0/networks/net1', { config: { 'security.acls': 'web' } })).status, 200);
  assert.deepEqual((await life.get<NetworkAcl>('/1.0/network-acls/web')).used_by, ['/1.0/networks/net1']);
  assert.equal(
    (await life.call('DELETE', '/1.0/network-acls/web')).json().error,
    'Cannot delete an ACL that is in use',
  );
  assert.equal((await life.call('POST', '/1.0/network-acls/web', { name: 'www' })).status, 201);
  assert.equal((await life.get<Network>('/1.0/networks/net1')).config['security.acls'], 'www');
});

test('allocations name gateways, forwards and the cards of instances', async () => {
  await using life = await withNetwork();
  await addImage(life, 'base');
  const devices = { eth0: { type: 'nic', network: 'net1', 'ipv4.address': '10.50.0.9' } };
  await life.must('POST', '/1.0/instances', fromImage('web', { devices }));
  await life.call('POST', '/1.0/networks/net1/forwards', { listen_address: '192.0.2.10' });
  const list = await life.get<NetworkAllocation[]>('/1.0/network-allocations');
  const found = list.map(({ addresses, type, used_by }) => `${type} ${addresses} ${used_by}`);
  assert.ok(found.includes('network 10.50.0.1/24 /1.0/networks/net1'), found.join('\n'));
  assert.ok(found.includes('instance 10.50.0.9/32 /1.0/instances/web'), found.join('\n'));
  assert.ok(found.includes('network-forward 192.0.2.10/32 /1.0/networks/net1/forwards/192.0.2.10'), found.join('\n'));
});

test('a network that nothing uses is renamed with its forwards; others are not', async () => {
  await using life = await withNetwork();
  await life.call('POST', '/1.0/networks/net1/forwards', { listen_address: '192.0.2.10', ports: [port()] });
  const made = await life.call('POST', '/1.0/networks/net1', { name: 'net2' });
  assert.deepEqual([made.status, made.headers.location], [201, '/1.0/networks/net2']);
  assert.equal((await life.get<unknown[]>('/1.0/networks/net2/forwards')).length, 1);
  assert.equal((await life.call('GET', '/1.0/networks/net1')).status, 404);
  const inUse = await life.call('POST', '/1.0/networks/gastbr0', { name: 'other' });
  assert.equal(inUse.json().error, 'The network is currently in use');
});

test('what a bridge has not is an empty list or is refused in the words of Incus', async () => {
  await using life = await withNetwork();
  assert.deepEqual(await life.get('/1.0/network-integrations'), []);
  assert.deepEqual(await life.get('/1.0/network-zones?recursion=1'), []);
  assert.deepEqual(await life.get('/1.0/storage-pools/default/buckets'), []);
  const peers = await life.call('GET', '/1.0/networks/net1/peers');
  assert.deepEqual([peers.status, peers.json().error], [400, 'Network driver "bridge" does not support peering']);
});

test('a further card of an instance in the same network gets an address of its own', async () => {
  await using life = await withNetwork();
  await addImage(life, 'base');
  const nic = { type: 'nic', network: 'net1' };
  const path = '/1.0/instances/two';
  await life.must('POST', '/1.0/instances', fromImage('two', { devices: { eth0: nic } }));
  await life.call('PATCH', path, { devices: { eth0: nic, eth1: nic, eth2: nic } });
  const list = await life.get<NetworkAllocation[]>('/1.0/network-allocations');
  const given = list.filter((one) => one.used_by === path && /^10\./.test(one.addresses ?? ''));
  assert.equal(new Set(given.map(({ addresses }) => addresses)).size, 3, JSON.stringify(list));
});
