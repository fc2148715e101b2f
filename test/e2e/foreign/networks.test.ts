/** Networks, forwards and access lists, driven by the unmodified incus client; packets really go where they should. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { importImage, startDaemon } from '../../daemon.ts';
import { asUser, runBeside } from '../../own-namespaces.ts';
import { say, sayBeside } from '../../say.ts';
import { foreignClients, lackingClients } from './clients.ts';

const rows = (csv: string) => csv.trim().split('\n');

test('incus manages networks, forwards and access lists', { skip: lackingClients('incus') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus } = clients;
  await importImage(daemon, 'busybox', 'bb');
  const ip = (words: string) => runBeside(daemon.directory, ['ip', ...words.split(' ')]);
  // For an ordinary user it is there already.
  if (!asUser) ip('address add 192.0.2.10/32 dev lo');
  await incus.run(['network', 'create', 'icbr0', 'ipv4.address=10.213.7.1/24', 'ipv4.nat=false', 'ipv6.address=none']);

  await t.test('network list and show', async () => {
    const list = await incus.run(['network', 'list', '-f', 'csv', '-c', 'ntmuds']).catch(() => '');
    const all = list || (await incus.run(['network', 'list', '-f', 'csv']));
    assert.match(all, /icbr0,bridge,YES/);
    assert.match(await incus.run(['network', 'show', 'icbr0']), /ipv4.address: 10.213.7.1\/24/);
  });
  await t.test('network set, get, unset, edit', async () => {
    await incus.run(['network', 'set', 'icbr0', 'user.a=b']);
    assert.equal((await incus.run(['network', 'get', 'icbr0', 'user.a'])).trim(), 'b');
    await incus.run(['network', 'unset', 'icbr0', 'user.a']);
    assert.equal((await incus.run(['network', 'get', 'icbr0', 'user.a'])).trim(), '');
    const text = (await incus.run(['network', 'show', 'icbr0'])).replace('description: ""', 'description: edited');
    await incus.run(['network', 'edit', 'icbr0'], { stdin: text });
    assert.match(await incus.run(['network', 'show', 'icbr0']), /description: edited/);
  });
  await t.test('network info shows addresses and the bridge', async () => {
    const info = await incus.run(['network', 'info', 'icbr0']);
    assert.match(info, /10\.213\.7\.1\/24/);
    assert.match(info, /State: up/);
  });
  await t.test('network rename and delete', async () => {
    await incus.run([
      'network',
      'create',
      'icbr1',
      'ipv4.address=10.213.8.1/24',
      'ipv6.address=none',
      '--description',
      'second',
    ]);
    await incus.run(['network', 'rename', 'icbr1', 'icbr2']);
    assert.match(await incus.run(['network', 'show', 'icbr2']), /description: second/);
    ip('link show icbr2');
    await incus.run(['network', 'delete', 'icbr2']);
    assert.throws(() => ip('link show icbr2'));
  });

  await incus.run(['launch', 'bb', 'web', '-n', 'icbr0']);
  await incus.run(['config', 'device', 'set', 'web', 'eth0', 'ipv4.address=10.213.7.99']).catch(() => '');
  const address = (await incus.run(['list', 'web', '-c', '4', '-f', 'csv'])).split(' ')[0]?.replace('"', '') ?? '';
  for (const port of ['80', '81'])
    await incus.run([
      ...['exec', 'web', '--', 'sh', '-c'],
      `printf '#!/bin/sh\\necho port ${port}\\n' > /say${port}; chmod +x /say${port}; nc -ll -p ${port} -e /say${port} </dev/null >/dev/null 2>&1 &`,
    ]);
  const reaches = async (host: string, port: number, wanted: RegExp) => {
    let said = '';
    for (let round = 0; round < 40; round += 1) {
      said = await (host === address ? sayBeside(daemon.directory, host, port) : say(host, port));
      if (wanted.test(said)) return;
      await setTimeout(100);
    }
    assert.match(said, wanted, `${host}:${port}`);
  };

  await t.test('leases and allocations name the guest', async () => {
    assert.match(await incus.run(['network', 'list-leases', 'icbr0', '-f', 'csv']), new RegExp(`web,.*${address}`));
    assert.match(
      await incus.run(['network', 'list-allocations', '-f', 'csv']),
      new RegExp(`/1.0/instances/web,${address}/32`),
    );
  });
  await t.test('a network in use is neither deleted nor renamed', async () => {
    assert.match((await incus.try(['network', 'delete', 'icbr0'])).stderr, /currently in use/);
    assert.match((await incus.try(['network', 'rename', 'icbr0', 'x0'])).stderr, /in use/);
  });
  await t.test('the host reaches the guest', () => reaches(address, 80, /^port 80$/));
  await t.test('forward create, port add, list, show', async () => {
    await incus.run(['network', 'forward', 'create', 'icbr0', '192.0.2.10']);
    await incus.run(['network', 'forward', 'port', 'add', 'icbr0', '192.0.2.10', 'tcp', '8080', address, '80']);
    assert.match(await incus.run(['network', 'forward', 'list', 'icbr0', '-f', 'csv']), /192\.0\.2\.10/);
    assert.match(await incus.run(['network', 'forward', 'show', 'icbr0', '192.0.2.10']), /listen_port: "8080"/);
  });
  await t.test('a forwarded port reaches the guest', () => reaches('192.0.2.10', 8080, /^port 80$/));
  await t.test('a range of ports goes one to one', async () => {
    await incus.run(['network', 'forward', 'port', 'add', 'icbr0', '192.0.2.10', 'tcp', '9080-9081', address, '80-81']);
    await reaches('192.0.2.10', 9081, /^port 81$/);
    await reaches('192.0.2.10', 9080, /^port 80$/);
  });
  await t.test('another guest of the network reaches it by the address of the forward', async () => {
    await incus.run(['launch', 'bb', 'other', '-n', 'icbr0']);
    const ended = await incus.try(['exec', 'other', '--', 'sh', '-c', 'sleep 1 | nc -w 3 192.0.2.10 8080']);
    assert.match(ended.stdout, /port 80/);
  });
  await t.test('forward port remove and delete', async () => {
    await incus.run(['network', 'forward', 'port', 'remove', 'icbr0', '192.0.2.10', 'tcp', '8080']);
    await reaches('192.0.2.10', 8080, /ECONNREFUSED/);
    await incus.run(['network', 'forward', 'delete', 'icbr0', '192.0.2.10']);
    assert.equal((await incus.run(['network', 'forward', 'list', 'icbr0', '-f', 'csv'])).trim(), '');
  });
  await t.test('acl create, rule add, show, list', async () => {
    await incus.run(['network', 'acl', 'create', 'web']);
    await incus.run([
      'network',
      'acl',
      'rule',
      'add',
      'web',
      'ingress',
      'action=allow',
      'protocol=tcp',
      'destination_port=80',
    ]);
    assert.match(await incus.run(['network', 'acl', 'show', 'web']), /destination_port: "80"/);
    assert.match(rows(await incus.run(['network', 'acl', 'list', '-f', 'csv']))[0] ?? '', /^web,,0$/);
  });
  await t.test('a network with an access list lets in what it allows and nothing else', async () => {
    await incus.run(['network', 'set', 'icbr0', 'security.acls=web']);
    await reaches(address, 80, /^port 80$/);
    await reaches(address, 81, /ECONNREFUSED/);
    await incus.run(['network', 'set', 'icbr0', 'security.acls.default.ingress.action=drop']);
    await reaches(address, 81, /timeout/);
  });
  await t.test('a forbidding rule wins, and takes effect at once', async () => {
    await incus.run([
      'network',
      'acl',
      'rule',
      'add',
      'web',
      'ingress',
      'action=reject',
      'protocol=tcp',
      'destination_port=80',
    ]);
    await reaches(address, 80, /ECONNREFUSED/);
    await incus.run(['network', 'acl', 'rule', 'remove', 'web', 'ingress', 'action=reject']);
    await reaches(address, 80, /^port 80$/);
  });
  await t.test('acl rename, delete refused while in use, delete', async () => {
    await incus.run(['network', 'acl', 'rename', 'web', 'www']);
    assert.match((await incus.try(['network', 'acl', 'delete', 'www'])).stderr, /in use/);
    await incus.run(['network', 'unset', 'icbr0', 'security.acls']);
    await incus.run(['network', 'acl', 'delete', 'www']);
    await reaches(address, 81, /^port 81$/);
  });
  await t.test('what a bridge has not is refused', async () => {
    for (const words of [
      ['network', 'peer', 'list', 'icbr0'],
      ['network', 'load-balancer', 'list', 'icbr0'],
      ['network', 'zone', 'create', 'a.example'],
    ])
      assert.notEqual((await incus.try(words)).code, 0, words.join(' '));
  });
  if (!asUser) ip('address del 192.0.2.10/32 dev lo');
});
