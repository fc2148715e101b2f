/** Devices over the API: checks, and what a change does to a guest that runs (F20), with everything in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '../../src/api/resources/instances.ts';
import { HostError } from '../../src/lib/host-error.ts';
import { addImage, createWorld, fromImage, type Life, live } from './house.ts';

const disk = (path: string) => ({ type: 'disk', source: '/srv', path });
const proxy = (port: number) => ({ type: 'proxy', listen: `tcp:127.0.0.1:${port}`, connect: 'tcp:127.0.0.1:80' });

async function withGuest(devices: Record<string, Record<string, string>> = {}): Promise<Life> {
  const life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true, devices }));
  return life;
}

const guestId = (life: Life) => [...life.house.documents.list<{ id: string }>('instances/')][0]?.id ?? '';
const parts = (life: Life) => (life.world.engine.spec(guestId(life))?.parts ?? []).map(({ id }) => id).sort();
const cards = async (life: Life) => (await life.world.networks.observe()).nics.map(({ name }) => name).sort();
const proxies = async (life: Life) => (await life.world.proxies.list()).map(({ device }) => device);
const own = async (life: Life) => Object.keys((await life.get<Instance>('/1.0/instances/web')).devices).sort();
const put = (life: Life, devices: Record<string, unknown>) =>
  life.run('PUT', '/1.0/instances/web', { devices, profiles: ['default'] });

test('devices are put into a guest that runs, changed and taken out', async () => {
  await using life = await withGuest();
  await life.must('PUT', '/1.0/instances/web', {
    profiles: ['default'],
    devices: { d1: disk('/mnt/a'), px: proxy(8080) },
  });
  assert.deepEqual([parts(life), await proxies(life)], [['d1'], ['px']]);
  await life.must('PUT', '/1.0/instances/web', {
    profiles: ['default'],
    devices: { d1: disk('/mnt/b'), n: { type: 'unix-char', source: '/dev/fuse' } },
  });
  assert.deepEqual([parts(life), await proxies(life)], [['d1', 'n'], []]);
  const part = life.world.engine.spec(guestId(life))?.parts.find(({ id }) => id === 'd1');
  assert.equal(part && 'mount' in part && part.mount.path, '/mnt/b');
  await life.must('PUT', '/1.0/instances/web', { profiles: ['default'], devices: {} });
  assert.deepEqual(parts(life), []);
  assert.deepEqual(life.bugs, []);
});

test('when one device fails, those before it are taken back, and the document is as it was', async () => {
  await using life = await withGuest({ d1: disk('/mnt/a') });
  life.world.proxies.taken.add(JSON.stringify({ kind: 'tcp', host: '127.0.0.1', ports: [8080] }));
  const failed = await put(life, {
    d2: disk('/mnt/b'),
    eth1: { type: 'nic', nictype: 'p2p' },
    px: proxy(8080),
  });
  assert.match(failed.err, /Failed to start device "px": .*EADDRINUSE/);
  assert.deepEqual([parts(life), await own(life), await cards(life)], [['d1'], ['d1'], ['eth0']]);
  life.world.engine.failNext.set('removePart', new HostError('busy'));
  const kept = await put(life, {});
  assert.match(kept.err, /Failed to stop device "d1": busy/);
  assert.deepEqual([parts(life), await own(life)], [['d1'], ['d1']]);
  assert.deepEqual(life.bugs, []);
});

test('a profile that changes reaches the guests that use it', async () => {
  await using life = await withGuest();
  await life.call('POST', '/1.0/profiles', { name: 'p', devices: { d1: disk('/mnt/a') } });
  await life.must('PUT', '/1.0/instances/web', { profiles: ['default', 'p'], devices: {} });
  assert.deepEqual(parts(life), ['d1']);
  await life.call('PATCH', '/1.0/profiles/p', { devices: { eth1: { type: 'nic', nictype: 'p2p' }, px: proxy(80) } });
  assert.deepEqual([parts(life), await cards(life), await proxies(life)], [['d1'], ['eth0', 'eth1'], ['px']]);
  await life.call('PUT', '/1.0/profiles/p', { devices: {} });
  assert.deepEqual([parts(life), await cards(life), await proxies(life)], [[], ['eth0'], []]);
});

test('a next daemon brings a guest that ran on to what its document says', async () => {
  using world = createWorld();
  {
    await using life = await live(world);
    await addImage(life, 'base');
    await life.must(
      'POST',
      '/1.0/instances',
      fromImage('web', { start: true, devices: { d1: disk('/mnt/a'), px: proxy(80) } }),
    );
    const id = guestId(life);
    // As if the daemon had been killed in the middle of a change: one part is missing, one is too many, a card is away.
    await world.engine.removePart(id, 'd1');
    await world.engine.addPart(id, {
      id: 'odd',
      mount: { source: '/x', path: '/x', readOnly: false, shifted: false, optional: false },
    });
    const [nic] = (await world.networks.observe()).nics;
    if (nic) await world.networks.detach({ ...nic, network: 'gastbr0' });
    const [running] = await world.proxies.list();
    if (running) {
      await world.proxies.stop(running);
      await world.proxies.start({ ...running, device: 'gone', listen: { kind: 'tcp', host: '127.0.0.1', ports: [9] } });
    }
  }
  await using life = await live(world);
  assert.deepEqual([parts(life), await cards(life), await proxies(life)], [['d1'], ['eth0'], ['px']]);
  const { network } = await life.get<{ network: Record<string, unknown> | null }>('/1.0/instances/web/state');
  assert.ok(network?.eth0);
});

test('proxies start and end with their guest', async () => {
  await using life = await withGuest({ px: proxy(8080) });
  assert.deepEqual(await proxies(life), ['px']);
  await life.must('PUT', '/1.0/instances/web/state', { action: 'stop', force: true });
  assert.deepEqual(await proxies(life), []);
  life.world.proxies.taken.add(JSON.stringify({ kind: 'tcp', host: '127.0.0.1', ports: [8080] }));
  const failed = await life.run('PUT', '/1.0/instances/web/state', { action: 'start' });
  assert.match(failed.err, /Failed to start device "px"/);
  assert.equal((await life.get<Instance>('/1.0/instances/web')).status, 'Stopped');
  assert.deepEqual(await cards(life), []);
});

test('wrong devices are refused in the words of Incus, and change nothing', async () => {
  await using life = await withGuest();
  const wrong: [Record<string, string>, RegExp][] = [
    [{ type: 'unix-char' }, /missing the required "source" or "path" property/],
    [{ type: 'unix-char', path: '/dev/x', major: '1' }, /must be supplied together/],
    [{ type: 'unix-char', source: '/dev/../etc' }, /".." in it/],
    [{ type: 'unix-block', source: '/dev/x', mode: '9' }, /octal/],
    [{ type: 'gpu', id: '0', pci: '0000:00:02.0' }, /Cannot use/],
    [{ type: 'gpu' }, /GPU/],
    [{ type: 'proxy', listen: 'tcp:127.0.0.1:80' }, /"connect" is missing/],
    [{ ...proxy(80), bind: 'elsewhere' }, /bind/],
    [{ ...proxy(80), nat: 'true', bind: 'instance' }, /Only host-bound proxies can use NAT/],
    [{ ...proxy(80), nat: 'true', proxy_protocol: 'true' }, /PROXY header/],
    [{ type: 'nic', nictype: 'macvlan' }, /"parent" is missing/],
    [{ type: 'nic', nictype: 'p2p', 'ipv4.address': '10.0.0.1' }, /Invalid device option "ipv4.address"/],
    [{ type: 'nic', nictype: 'routed', 'ipv4.address': 'fd00::1' }, /other family/],
    [{ type: 'nic', network: 'gastbr0', 'limits.ingress': 'fast' }, /limits.ingress/],
    [{ type: 'tpm' }, /containers are not given a TPM/],
    [{ type: 'usb' }, /it needs vendorid/],
    [{ type: 'infiniband' }, /Unsupported device type "infiniband" \(there is: nic, disk/],
    [{ type: 'pci' }, /"address": "" is not an address/],
    [{ type: 'pci', address: '0000:ff:1f.7' }, /has no PCI device|for virtual machines only/],
  ];
  for (const [device, reason] of wrong) {
    const failed = await put(life, { x: device });
    assert.match(failed.err, reason, JSON.stringify(device));
  }
  assert.deepEqual([await own(life), parts(life), life.bugs], [[], [], []]);
});

test('the documentation of keys has the devices, each kind of card for itself', async () => {
  await using life = await live();
  const { configs } = await life.get<{ configs: { devices: Record<string, { keys: Record<string, unknown>[] }> } }>(
    '/1.0/metadata/configuration',
  );
  const { devices } = configs;
  for (const type of [
    'disk',
    'gpu',
    'none',
    'proxy',
    'unix-block',
    'unix-char',
    'nic_bridged',
    'nic_macvlan',
    'nic_p2p',
    'nic_routed',
  ])
    assert.ok(devices[type], type);
  const names = (type: string) => devices[type]?.keys.flatMap((row) => Object.keys(row)) ?? [];
  assert.ok(names('nic_bridged').includes('security.mac_filtering'));
  assert.ok(!names('nic_macvlan').includes('security.mac_filtering'));
});
