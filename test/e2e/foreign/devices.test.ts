/** Devices of running guests, put in, changed and taken out by the unmodified incus client (F20, F34, D04). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, startDaemon, type TestDaemon } from '../../daemon.ts';
import { type Census, difference, settledCensus } from '../../leaks.ts';
import { foreignClients, lackingClients } from './clients.ts';

const skip = lackingClients('incus');
const ip = (...words: string[]) => execFileSync('ip', words, { encoding: 'utf8' });

/** A card that was put in again has another link name. */
async function assertSame(before: Census, daemon: TestDaemon) {
  const named = (census: Census) => {
    const found: Census = new Map();
    for (const [item, count] of census) {
      if (item.endsWith('/relay.log')) continue;
      const text = item.replaceAll(new RegExp(`${daemon.names.linkTag}[0-9a-f]+`, 'g'), 'LINK');
      found.set(text, (found.get(text) ?? 0) + count);
    }
    return found;
  };
  assert.deepEqual(difference(named(before), named(await settledCensus(daemon))), []);
}

async function house() {
  const parts = new AsyncDisposableStack();
  const daemon = parts.use(await startDaemon());
  const { incus, directory } = parts.use(foreignClients(daemon));
  await importImage(daemon, 'busybox', 'bb');
  const inside = async (script: string, guest = 'c1') =>
    (await incus.try(['exec', guest, '--', 'sh', '-c', `{ ${script}\n} 2>&1`])).stdout.trim();
  const refused = async (words: string[], reason: RegExp) => {
    const ended = await incus.try(words);
    assert.notEqual(ended.code, 0, words.join(' '));
    assert.match(ended.stderr, reason);
  };
  return { daemon, incus, directory, inside, refused, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

test('incus puts disks and device nodes into a running guest and takes them out', { skip }, async (t) => {
  await using made = await house();
  const { daemon, incus, inside, refused } = made;
  const shared = join(daemon.directory, 'shared');
  mkdirSync(shared);
  writeFileSync(join(shared, 'file'), 'content\n');
  await incus.run(['launch', 'bb', 'c1']);
  const before = await settledCensus(daemon);

  await t.test('a disk is seen at once', async () => {
    assert.equal(
      await incus.run([
        'config',
        'device',
        'add',
        'c1',
        'd1',
        'disk',
        `source=${shared}`,
        'path=/mnt/d1',
        'shift=true',
      ]),
      'Device d1 added to c1\n',
    );
    assert.equal(await inside('cat /mnt/d1/file; touch /mnt/d1/made; stat -c %u /mnt/d1/made'), 'content\n0');
  });
  await t.test('a changed key takes effect at once', async () => {
    await incus.run(['config', 'device', 'set', 'c1', 'd1', 'readonly=true']);
    assert.equal(await incus.run(['config', 'device', 'get', 'c1', 'd1', 'readonly']), 'true\n');
    assert.match(await inside('touch /mnt/d1/other'), /Read-only/);
    await incus.run(['config', 'device', 'unset', 'c1', 'd1', 'readonly']);
    assert.equal(await inside('touch /mnt/d1/other && echo fine'), 'fine');
  });
  await t.test('list and show tell the devices', async () => {
    assert.equal(await incus.run(['config', 'device', 'list', 'c1']), 'd1\n');
    assert.match(await incus.run(['config', 'device', 'show', 'c1']), /^d1:\n {2}path: \/mnt\/d1\n {2}shift: "true"/);
  });
  await t.test('a removed disk is gone, in use or not', async () => {
    await inside('cd /mnt/d1; sleep 1000 >/dev/null 2>&1 &');
    assert.equal(await incus.run(['config', 'device', 'remove', 'c1', 'd1']), 'Device d1 removed from c1\n');
    assert.equal(await inside('ls -A /mnt/d1; grep -c /mnt/d1 /proc/mounts'), '0');
    await inside('killall sleep');
    for (const name of ['made', 'other']) rmSync(join(shared, name));
  });
  await t.test('a file system in memory has its size', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'mem', 'disk', 'source=tmpfs:', 'path=/mnt/mem', 'size=1MiB']);
    assert.match(await inside('dd if=/dev/zero of=/mnt/mem/x bs=1024 count=2000'), /No space/);
    await incus.run(['config', 'device', 'remove', 'c1', 'mem']);
  });
  await t.test('what cannot be had is refused, and nothing is left of it', async () => {
    await refused(['config', 'device', 'add', 'c1', 'd2', 'disk', 'source=/no/such', 'path=/mnt/d2'], /does not exist/);
    await refused(['config', 'device', 'add', 'c1', 'd2', 'disk', `source=${shared}`, 'path=mnt'], /absolute path/);
    await refused(['config', 'device', 'add', 'c1', 'd2', 'disk', 'path=/mnt/d2'], /source/);
    await refused(['config', 'device', 'add', 'c1', 'd2', 'toaster'], /Unsupported device type|toaster/);
    await refused(['config', 'device', 'add', 'c1', 'd2', 'gpu'], /GPU/);
    assert.equal((await incus.run(['config', 'device', 'list', 'c1'])).trim(), '');
  });
  await t.test('a link of the guest is followed inside the guest alone', async () => {
    await inside(`mkdir -p /away; ln -s /away /mnt/link; ln -s ../../../../../../..${shared} /mnt/out`);
    await incus.run(['config', 'device', 'add', 'c1', 'd3', 'disk', `source=${shared}`, 'path=/mnt/link/x']);
    assert.match(await inside('cat /away/x/file'), /content/);
    await incus.run(['config', 'device', 'remove', 'c1', 'd3']);
    await refused(
      ['config', 'device', 'add', 'c1', 'd3', 'disk', `source=${shared}`, 'path=/mnt/out/y'],
      /leads nowhere/,
    );
    assert.equal(existsSync(join(shared, 'y')), false);
  });
  await t.test('a character device opens', { skip: existsSync('/dev/fuse') ? false : 'needs /dev/fuse' }, async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'fuse', 'unix-char', 'source=/dev/fuse', 'mode=0666']);
    assert.equal(
      await inside('stat -c "%F %a" /dev/fuse; : <>/dev/fuse && echo open'),
      'character special file 666\nopen',
    );
    await incus.run(['config', 'device', 'set', 'c1', 'fuse', 'path=/dev/other', 'gid=7']);
    assert.equal(await inside('ls /dev/fuse; stat -c %g /dev/other').then((text) => text.split('\n').at(-1)), '7');
    await incus.run(['config', 'device', 'remove', 'c1', 'fuse']);
    assert.match(await inside('ls /dev/other'), /No such/);
  });
  await t.test('a block device is there with the number that was asked for', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'blk', 'unix-block', 'path=/dev/odd', 'major=7', 'minor=200']);
    assert.equal(await inside('stat -c "%F %t:%T" /dev/odd'), 'block special file 7:c8');
    await incus.run(['config', 'device', 'remove', 'c1', 'blk']);
    await refused(
      ['config', 'device', 'add', 'c1', 'blk', 'unix-block', 'source=/dev/null'],
      /char device, not a block/,
    );
    await refused(['config', 'device', 'add', 'c1', 'blk', 'unix-block', 'path=/dev/odd', 'major=7'], /together/);
  });
  await t.test('devices of a profile come and go with it', async () => {
    await incus.run(['profile', 'create', 'p1']);
    await incus.run(['profile', 'add', 'c1', 'p1']);
    await incus.run(['profile', 'device', 'add', 'p1', 'dd', 'disk', `source=${shared}`, 'path=/mnt/dd']);
    assert.match(await inside('cat /mnt/dd/file'), /content/);
    await incus.run(['config', 'device', 'override', 'c1', 'dd', 'path=/mnt/else']);
    assert.match(await inside('cat /mnt/else/file; ls -A /mnt/dd'), /^content$/);
    await incus.run(['config', 'device', 'remove', 'c1', 'dd']);
    assert.match(await inside('cat /mnt/dd/file'), /content/);
    await incus.run(['profile', 'remove', 'c1', 'p1']);
    assert.equal(await inside('ls -A /mnt/dd'), '');
    await incus.run(['profile', 'delete', 'p1']);
  });
  await t.test('none hides a device of a profile', async () => {
    assert.match(await inside('ip link show eth0 || cat /proc/net/dev'), /eth0/);
    await incus.run(['config', 'device', 'add', 'c1', 'eth0', 'none']);
    assert.doesNotMatch(await inside('cat /proc/net/dev'), /eth0/);
    await incus.run(['config', 'device', 'remove', 'c1', 'eth0']);
    assert.match(await inside('cat /proc/net/dev'), /eth0/);
  });
  await t.test('a restarted daemon brings a guest to what the documents say', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'd1', 'disk', `source=${shared}`, 'path=/mnt/d1']);
    await inside('umount /mnt/d1');
    await daemon.end('SIGKILL');
    await daemon.start();
    await incus.run(['config', 'device', 'remove', 'c1', 'd1']);
    assert.equal(await inside('ls -A /mnt/d1'), '');
  });
  await t.test('nothing of all this is left', () => assertSame(before, daemon));
  await t.test('devices are there from the start on', async () => {
    await incus.run(['init', 'bb', 'c2', '-d', 'root,size=1GiB']).catch(() => incus.run(['init', 'bb', 'c2']));
    await incus.run(['config', 'device', 'add', 'c2', 'd1', 'disk', `source=${shared}`, 'path=/run/early']);
    await incus.run(['config', 'device', 'add', 'c2', 'n', 'unix-char', 'path=/dev/mynull', 'source=/dev/null']);
    await incus.run(['start', 'c2']);
    assert.equal(await inside('cat /run/early/file; echo x >/dev/mynull && echo fine', 'c2'), 'content\nfine');
  });
});

test('incus connects network cards of every kind to a running guest', { skip }, async (t) => {
  await using made = await house();
  const { daemon, incus, inside, refused } = made;
  await incus.run(['launch', 'bb', 'c1']);
  const bridge = daemon.names.defaultNetwork;
  // A parent with another machine behind it: a pair whose far end is in a namespace of its own.
  ip('netns', 'add', 'gastfar');
  ip('link', 'add', 'gastup0', 'type', 'veth', 'peer', 'name', 'far0', 'netns', 'gastfar');
  ip('addr', 'add', '10.99.0.1/24', 'dev', 'gastup0');
  ip('link', 'set', 'gastup0', 'up');
  ip('-n', 'gastfar', 'addr', 'add', '10.99.0.2/24', 'dev', 'far0');
  ip('-n', 'gastfar', 'link', 'set', 'far0', 'up');
  ip('-n', 'gastfar', 'link', 'set', 'lo', 'up');
  const before = await settledCensus(daemon);
  const pings = (address: string) => inside(`ping -c 1 -W 10 ${address} >/dev/null && echo yes`);

  await t.test('network attach and detach', async () => {
    await incus.run(['network', 'attach', bridge, 'c1', 'eth1']);
    assert.match(await inside('ip addr show eth1 || ifconfig eth1'), /10\./);
    const gateway = (await incus.run(['network', 'get', bridge, 'ipv4.address'])).split('/')[0] ?? '';
    assert.equal(await pings(gateway), 'yes');
    await incus.run(['network', 'detach', bridge, 'c1', 'eth1']);
    assert.doesNotMatch(await inside('cat /proc/net/dev'), /eth1/);
  });
  await t.test('an address is changed while the guest runs', async () => {
    const own = (await incus.run(['network', 'get', bridge, 'ipv4.address'])).replace(/\.\d+\/.*\s*$/, '.99');
    await incus.run(['config', 'device', 'override', 'c1', 'eth0', `ipv4.address=${own}`]);
    assert.match(await inside('ip addr show eth0 || ifconfig eth0'), new RegExp(own.replaceAll('.', '\\.')));
    await incus.run(['config', 'device', 'remove', 'c1', 'eth0']);
  });
  await t.test('p2p: packets reach the host', async () => {
    await incus.run([
      'config',
      'device',
      'add',
      'c1',
      'p',
      'nic',
      'nictype=p2p',
      'host_name=gastp2p',
      'name=eth5',
      'mtu=1400',
    ]);
    ip('addr', 'add', '10.98.0.1/24', 'dev', 'gastp2p');
    await inside('ip addr add 10.98.0.2/24 dev eth5 || ifconfig eth5 10.98.0.2 netmask 255.255.255.0');
    assert.equal(await pings('10.98.0.1'), 'yes');
    assert.match(ip('link', 'show', 'gastp2p'), /mtu 1400/);
    await incus.run(['config', 'device', 'remove', 'c1', 'p']);
    assert.equal(existsSync('/sys/class/net/gastp2p'), false);
  });
  await t.test('macvlan: packets reach a machine beyond the parent', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'm', 'nic', 'nictype=macvlan', 'parent=gastup0', 'name=eth6']);
    await inside('ip addr add 10.99.0.3/24 dev eth6 || ifconfig eth6 10.99.0.3 netmask 255.255.255.0');
    assert.equal(await pings('10.99.0.2'), 'yes');
    await incus.run(['config', 'device', 'remove', 'c1', 'm']);
    assert.doesNotMatch(await inside('cat /proc/net/dev'), /eth6/);
  });
  await t.test('routed: packets reach a machine beyond the parent, which finds the way back', async () => {
    await incus.run(['config', 'device', 'add', 'c1', 'eth0', 'none']);
    await incus.run([
      'config',
      'device',
      'add',
      'c1',
      'r',
      'nic',
      'nictype=routed',
      'parent=gastup0',
      'ipv4.address=10.99.0.4',
      'name=eth7',
    ]);
    assert.equal(await pings('10.99.0.2'), 'yes');
    assert.match(
      execFileSync('ip', ['netns', 'exec', 'gastfar', 'ping', '-c', '1', '-W', '10', '10.99.0.4'], {
        encoding: 'utf8',
      }),
      / 0% packet loss/,
    );
    await incus.run(['config', 'device', 'remove', 'c1', 'r']);
    assert.equal(ip('neigh', 'show', 'proxy'), '');
    await incus.run(['config', 'device', 'remove', 'c1', 'eth0']);
  });
  await t.test('physical: a link of the host goes into the guest and comes back', async () => {
    ip('link', 'add', 'gastphy', 'type', 'veth', 'peer', 'name', 'gastphy1');
    const hwaddr = readFileSync('/sys/class/net/gastphy/address', 'utf8');
    await incus.run(['config', 'device', 'add', 'c1', 'ph', 'nic', 'nictype=physical', 'parent=gastphy', 'name=eth8']);
    assert.equal(existsSync('/sys/class/net/gastphy'), false);
    assert.match(await inside('cat /proc/net/dev'), /eth8/);
    await incus.run(['config', 'device', 'remove', 'c1', 'ph']);
    assert.equal(readFileSync('/sys/class/net/gastphy/address', 'utf8'), hwaddr);
    await incus.run(['config', 'device', 'add', 'c1', 'ph', 'nic', 'nictype=physical', 'parent=gastphy', 'name=eth8']);
    await incus.run(['stop', '--force', 'c1']);
    await incus.run(['config', 'device', 'remove', 'c1', 'ph']);
    for (let n = 0; n < 100 && !existsSync('/sys/class/net/gastphy'); n++)
      await new Promise((done) => setTimeout(done, 50));
    assert.equal(existsSync('/sys/class/net/gastphy'), true);
    ip('link', 'del', 'gastphy');
    await incus.run(['start', 'c1']);
  });
  await t.test('wrong combinations are refused', async () => {
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=macvlan'], /"parent" is missing/);
    await refused(
      ['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=p2p', 'parent=gastup0'],
      /Invalid device option "parent"/,
    );
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', `network=${bridge}`, 'nictype=p2p'], /nictype/);
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=macvlan', 'parent=none0'], /doesn't exist/);
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=sriov', 'parent=gastup0'], /sriov/);
    await refused(['config', 'device', 'add', 'c1', 'x', 'nic', 'nictype=p2p', 'name=eth0'], /eth0/);
    assert.equal((await incus.run(['config', 'device', 'list', 'c1'])).trim(), '');
  });
  await t.test('nothing of all this is left', () => assertSame(before, daemon));
  ip('link', 'del', 'gastup0');
  ip('netns', 'del', 'gastfar');
});

test('incus makes proxies that carry bytes both ways', { skip }, async (t) => {
  await using made = await house();
  const { daemon, incus, inside, refused, directory } = made;
  await incus.run(['launch', 'bb', 'c1']);
  const before = await settledCensus(daemon);
  const add = (...words: string[]) => incus.run(['config', 'device', 'add', 'c1', 'px', 'proxy', ...words]);
  const remove = () => incus.run(['config', 'device', 'remove', 'c1', 'px']);
  const answersInside = async (port: number, command = 'cat') => {
    await inside(`nc -ll -p ${port} -e ${command} </dev/null >/dev/null 2>&1 &`);
    await until(async () => (await inside(`cat /proc/net/tcp*`)).includes(`:${port.toString(16).toUpperCase()} `));
  };

  await t.test('tcp from the host into the guest', async () => {
    await answersInside(8080);
    assert.equal(await add('listen=tcp:127.0.0.1:18080', 'connect=tcp:127.0.0.1:8080'), 'Device px added to c1\n');
    assert.equal(await exchange({ port: 18_080 }, 'hello'), 'hello');
    const big = 'x'.repeat(4 * 2 ** 20);
    assert.equal((await exchange({ port: 18_080 }, big)).length, big.length);
  });
  await t.test('a killed daemon disturbs no connection, and the next one knows the proxy', async () => {
    const open = connect(18_080, '127.0.0.1');
    open.write('one');
    await once(open, 'data');
    await daemon.end('SIGKILL');
    open.write('two');
    assert.equal(String((await once(open, 'data'))[0]), 'two');
    await daemon.start();
    open.write('three');
    assert.equal(String((await once(open, 'data'))[0]), 'three');
    open.destroy();
    assert.equal(await exchange({ port: 18_080 }, 'after'), 'after');
  });
  await t.test('a port that is taken is refused', async () => {
    await refused(
      ['config', 'device', 'add', 'c1', 'py', 'proxy', 'listen=tcp:127.0.0.1:18080', 'connect=tcp:127.0.0.1:8080'],
      /Failed to start device "py".*EADDRINUSE/,
    );
  });
  await t.test('a changed and a removed proxy listen no more where they did', async () => {
    await incus.run(['config', 'device', 'set', 'c1', 'px', 'listen=tcp:127.0.0.1:18081']);
    assert.equal(await exchange({ port: 18_081 }, 'moved'), 'moved');
    await assert.rejects(exchange({ port: 18_080 }, 'x'), /ECONNREFUSED/);
    assert.equal(await remove(), 'Device px removed from c1\n');
    await assert.rejects(exchange({ port: 18_081 }, 'x'), /ECONNREFUSED/);
  });
  await t.test('a range of ports', async () => {
    await answersInside(8081);
    await add('listen=tcp:[::1]:18090-18091', 'connect=tcp:127.0.0.1:8080-8081');
    assert.equal(await exchange({ port: 18_090, host: '::1' }, 'a'), 'a');
    assert.equal(await exchange({ port: 18_091, host: '::1' }, 'b'), 'b');
    await remove();
  });
  await t.test('the PROXY protocol names the client', async () => {
    await add('listen=tcp:127.0.0.1:18080', 'connect=tcp:127.0.0.1:8080', 'proxy_protocol=true');
    assert.match(await exchange({ port: 18_080 }, 'x'), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ 18080\r\nx$/);
    await remove();
  });
  await t.test('a Unix socket on the host, with owner and permissions', async () => {
    const path = join(directory, 'px.sock');
    await add(`listen=unix:${path}`, 'connect=tcp:127.0.0.1:8080', 'mode=0600', 'uid=7');
    assert.equal(await exchange({ path }, 'unix'), 'unix');
    assert.deepEqual([statSync(path).mode & 0o777, statSync(path).uid], [0o600, 7]);
    await remove();
    assert.equal(existsSync(path), false);
  });
  await t.test('bind=instance: the guest reaches a server of the host', async () => {
    const server = createServer((socket) => socket.end('from the host\n')).listen(18_085, '127.0.0.1');
    await add('listen=tcp:127.0.0.1:8085', 'connect=tcp:127.0.0.1:18085', 'bind=instance');
    assert.equal(await inside('nc 127.0.0.1 8085 </dev/null'), 'from the host');
    await remove();
    await add('listen=unix:/run/deep/host.sock', 'connect=tcp:127.0.0.1:18085', 'bind=instance', 'mode=0666');
    assert.match(await inside('stat -c "%F %a %u" /run/deep/host.sock'), /^socket 666 0$/);
    await remove();
    assert.match(await inside('ls /run/deep/host.sock'), /No such/);
    server.close();
  });
  await t.test('udp: a question of the guest is answered by a server of the host', async () => {
    // A DNS server that knows no name: the query comes back with the bits for "answer" and "no such name".
    const server = createSocket('udp4', (query, from) => {
      query.writeUInt16BE(0x8183, 2);
      server.send(query, from.port, from.address);
    }).bind(15_353, '127.0.0.1');
    await add('listen=udp:127.0.0.1:53', 'connect=udp:127.0.0.1:15353', 'bind=instance');
    assert.match(await inside('nslookup web.example 127.0.0.1'), /NXDOMAIN/);
    await remove();
    server.close();
  });
  await t.test('nat: the kernel translates, to the address of the guest', async () => {
    const gateway =
      (await incus.run(['network', 'get', daemon.names.defaultNetwork, 'ipv4.address'])).split('/')[0] ?? '';
    await add(`listen=tcp:${gateway}:18099`, 'connect=tcp:0.0.0.0:8080', 'nat=true');
    assert.equal(await exchange({ port: 18_099, host: gateway }, 'translated'), 'translated');
    await remove();
    await assert.rejects(exchange({ port: 18_099, host: gateway }, 'x'), /ECONNREFUSED/);
  });
  await t.test('wrong combinations are refused in the words of Incus', async () => {
    const bad = (words: string[], reason: RegExp) =>
      refused(['config', 'device', 'add', 'c1', 'px', 'proxy', ...words], reason);
    await bad(['listen=tcp:127.0.0.1:80'], /"connect" is missing|"connect"/);
    await bad(['listen=sctp:1.2.3.4:5', 'connect=tcp:127.0.0.1:80'], /Unknown connection type/);
    await bad(['listen=tcp:127.0.0.1:80-90', 'connect=tcp:127.0.0.1:80-81'], /Mismatch/);
    await bad(['listen=tcp:0.0.0.0:80', 'connect=tcp:127.0.0.1:80', 'nat=true'], /wildcard/);
    await bad(['listen=udp:127.0.0.1:80', 'connect=tcp:127.0.0.1:80'], /not supported/);
    await bad(['listen=tcp:127.0.0.1:80', 'connect=tcp:127.0.0.1:80', 'mode=0600'], /non-abstract/);
  });
  await t.test('a proxy goes with its guest, and comes again with it', async () => {
    await add('listen=tcp:127.0.0.1:18080', 'connect=tcp:127.0.0.1:8080');
    await incus.run(['stop', '--force', 'c1']);
    await assert.rejects(exchange({ port: 18_080 }, 'x'), /ECONNREFUSED/);
    await incus.run(['start', 'c1']);
    await answersInside(8080);
    assert.equal(await exchange({ port: 18_080 }, 'again'), 'again');
    await remove();
    await inside('killall nc');
  });
  await t.test('nothing of all this is left', () => assertSame(before, daemon));
});

/** What comes back for what is said, until the other end closes. */
async function exchange(to: { port?: number; host?: string; path?: string }, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', ...to } as NetConnectOpts);
  socket.setTimeout(60_000, () => socket.destroy(new Error('no answer')));
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    if (await condition()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('it never became so');
}
