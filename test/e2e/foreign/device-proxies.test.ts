/** Proxies made by the unmodified incus client really carry bytes, also while the daemon is killed and started again. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { settledCensus } from '../../leaks.ts';
import { lackingClients } from './clients.ts';
import { assertSame, openDeviceHouse } from './device-house.ts';

const skip = lackingClients('incus');
test('incus makes proxies that carry bytes both ways', { skip }, async (t) => {
  await using made = await openDeviceHouse();
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
