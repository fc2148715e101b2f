/** Proxies into a network namespace for real: how fast, what a slow peer costs, what many clients leave, who may connect. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { ProxySpec } from '../../src/core/ports/proxies.ts';
import { openNetworkNamespace } from '../../src/host/netns.ts';
import { openListener } from '../../src/host/proxy-sockets.ts';
import { parseProxyAddress } from '../../src/lib/proxy-address.ts';
import { createProxies } from '../../src/proxy/proxies.ts';
import { eventually, openCrunLab } from './engine-lab.ts';
import { inside, openNamespace, whyNot } from './network-fixture.ts';

const address = (text: string) => {
  const parsed = parseProxyAddress(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};

async function openLab() {
  const parts = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'gast-px-'));
  parts.defer(async () => {
    // The relay writes its log until it has ended, a moment after its last proxy.
    for (let round = 0; round < 100; round += 1) {
      rmSync(directory, { recursive: true, force: true });
      await setTimeout(50);
      if (!existsSync(directory)) return;
    }
  });
  const options = {
    runDirectory: directory,
    stateDirectory: join(directory, 'state'),
    log: join(directory, 'log'),
    table: 'gasthof_px',
  };
  const proxies = parts.use(createProxies(options));
  parts.defer(async () => {
    for (const proxy of await proxies.list()) await proxies.stop(proxy);
  });
  const { pid } = parts.use(await openNamespace());
  await inside(pid, 'ip', 'link', 'set', 'lo', 'up');
  const spec = (listen: string, to: string, rest: Partial<ProxySpec> = {}): ProxySpec => ({
    guest: '0000000000a1',
    device: 'px',
    pid,
    range: { base: 1_000_000, size: 65_536 },
    side: 'host',
    listen: address(listen),
    connect: address(to),
    proxyProtocol: false,
    socket: { uid: 0, gid: 0, mode: 0o644 },
    ...rest,
  });
  /** A server in the namespace. */
  const serve = async (port: number, answer: (socket: Socket) => void) => {
    using namespace = openNetworkNamespace(pid);
    const fd = openListener({ namespace }, { host: '127.0.0.1', port }, 'stream', { uid: 0, gid: 0, mode: 0 });
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      answer(socket);
    });
    await new Promise<void>((resolve) => server.listen({ fd }, resolve));
    parts.defer(() => void server.close());
    return server;
  };
  const relayPid = () =>
    Number(
      readdirSync('/proc').find((name) => /^\d+$/.test(name) && commandOf(name).includes(`${directory}/relay.sock`)),
    );
  return { proxies, spec, serve, options, relayPid, directory, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

const residentBytes = (pid: number) =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

test('bytes go through at speed, and the process ends with its last proxy', { skip: whyNot }, async (t) => {
  await using lab = await openLab();
  const wantedBytes = 512 * 2 ** 20;
  const chunk = Buffer.alloc(1024 * 1024);
  await lab.serve(8080, (socket) => {
    let left = wantedBytes;
    const more = () => {
      while (left > 0) {
        left -= chunk.length;
        if (!socket.write(chunk)) return void socket.once('drain', more);
      }
      socket.end();
    };
    more();
  });
  await lab.proxies.start(lab.spec('tcp:127.0.0.1:18080', 'tcp:127.0.0.1:8080'));
  const pid = lab.relayPid();
  assert.ok(pid > 0);
  const begin = performance.now();
  let received = 0;
  for await (const part of connect(18_080, '127.0.0.1')) received += (part as Buffer).length;
  assert.equal(received, wantedBytes);
  const bytesPerSecond = wantedBytes / ((performance.now() - begin) / 1000);
  t.diagnostic(
    `${Math.round(bytesPerSecond / 2 ** 20)} MiB/s, the relay has ${Math.round(residentBytes(pid) / 2 ** 20)} MiB`,
  );
  assert.ok(bytesPerSecond > 20 * 2 ** 20);
  await lab.proxies.stop({ guest: '0000000000a1', device: 'px' });
  await eventually('the relay ends', () => !existsSync(`/proc/${pid}`));
  assert.equal(existsSync(join(lab.directory, 'relay.sock')), false);
});

test('a peer that takes nothing costs no memory', { skip: whyNot }, async () => {
  await using lab = await openLab();
  await lab.serve(8080, (socket) => socket.pause());
  await lab.proxies.start(lab.spec('tcp:127.0.0.1:18080', 'tcp:127.0.0.1:8080'));
  const before = residentBytes(lab.relayPid());
  const socket = connect(18_080, '127.0.0.1');
  socket.on('error', () => {});
  let taken = 0;
  const chunk = Buffer.alloc(1024 * 1024);
  // Until nobody takes more: what fits into the kernel's buffers and the relay's own.
  for (let stuck = false; !stuck && taken < 256 * 2 ** 20; ) {
    taken += chunk.length;
    if (!socket.write(chunk))
      stuck = await Promise.race([once(socket, 'drain').then(() => false), setTimeout(2000, true)]);
  }
  assert.ok(taken < 256 * 2 ** 20, 'the sender is held up');
  assert.ok(residentBytes(lab.relayPid()) - before < 64 * 2 ** 20);
  socket.destroy();
});

test('hundreds of clients that come and go, cleanly or not, leave nothing open', { skip: whyNot }, async () => {
  await using lab = await openLab();
  await lab.serve(8080, (socket) => socket.pipe(socket));
  await lab.proxies.start(lab.spec('tcp:127.0.0.1:18080', 'tcp:127.0.0.1:8080'));
  const descriptors = () => readdirSync(`/proc/${lab.relayPid()}/fd`).length;
  const before = descriptors();
  await Promise.all(
    Array.from({ length: 300 }, async (_, n) => {
      const socket = connect(18_080, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(`client ${n}`);
      assert.equal(String((await once(socket, 'data'))[0]), `client ${n}`);
      if (n % 3 === 0) socket.resetAndDestroy();
      else if (n % 3 === 1) socket.destroy();
      else socket.end();
    }),
  );
  await eventually('all connections are closed', () => descriptors() <= before);
  // Nobody listens on the other side: the client hears it, the proxy goes on.
  await lab.proxies.start(lab.spec('tcp:127.0.0.1:18081', 'tcp:127.0.0.1:9', { device: 'py' }));
  const refused = connect(18_081, '127.0.0.1');
  refused.on('error', () => {});
  refused.resume();
  await once(refused, 'close');
  await eventually('all connections are closed', () => descriptors() <= before + 2);
});

test('a next daemon finds the proxies', { skip: whyNot }, async () => {
  await using lab = await openLab();
  await lab.serve(8080, (socket) => socket.pipe(socket));
  await lab.proxies.start(lab.spec('tcp:127.0.0.1:18080', 'tcp:127.0.0.1:8080'));
  await lab.proxies.start(
    lab.spec('tcp:127.0.0.9:18082', 'tcp:127.0.0.1:8080', { device: 'nat', nat: { ipv4: '127.0.0.1' } }),
  );
  {
    using next = createProxies(lab.options);
    assert.deepEqual((await next.list()).map(({ device }) => device).sort(), ['nat', 'px']);
  }
});

test('a Unix socket in a guest is reached in the guest alone, as its root, whatever it links to', {
  skip: whyNot || (existsSync('/bin/busybox') ? false : 'needs busybox'),
}, async () => {
  await using lab = await openLab();
  await using crun = await openCrunLab();
  const { pid } = await crun.engine.create(crun.spec('0000000000b2'));
  await crun.engine.start('0000000000b2');
  const path = join(lab.directory, 'host-only.sock');
  let reached = 0;
  const server = createServer((socket) => {
    reached += 1;
    socket.end();
  }).listen(path);
  await once(server, 'listening');
  const { exitCode } = await crun.engine.exec('0000000000b2', {
    command: ['sh', '-c', `mkdir -p /tmp/x; ln -s ${path} /tmp/x/s; ln -s / /tmp/x/root; touch /tmp/x/file`],
    environment: { PATH: '/bin' },
    cwd: '/',
    user: 0,
    group: 0,
  });
  assert.equal(await exitCode, 0);
  for (const [n, target] of ['/tmp/x/s', `/tmp/x/root/..${path}`, '/tmp/x/file'].entries()) {
    await lab.proxies.start(
      lab.spec(`tcp:127.0.0.1:${18_100 + n}`, `unix:${target.replace('/..', '')}`, { pid, device: `p${n}` }),
    );
    const socket = connect(18_100 + n, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'close');
  }
  assert.equal(reached, 0);
  server.close();
});

/** What comes back of a word that is said through the proxy. */
function echo(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('hello'));
    socket.on('error', () => {});
    socket.once('close', () => resolve('closed'));
    socket.once('data', (said) => {
      resolve(String(said));
      socket.destroy();
    });
  });
}

test('a relay that is killed comes back with all it carried, whatever is asked of it meanwhile', {
  skip: whyNot,
}, async (t) => {
  await using lab = await openLab();
  await lab.serve(8080, (socket) => socket.pipe(socket));
  const ports = [18_080, 18_081, 18_082];
  const start = (port: number) =>
    lab.proxies.start(lab.spec(`tcp:127.0.0.1:${port}`, 'tcp:127.0.0.1:8080', { device: `p${port}` }));
  for (const port of ports.slice(0, 2)) await start(port);
  const meanwhile: Record<string, (killed: number) => Promise<unknown>> = {
    'nothing is asked': async () => {},
    'a list': async () => assert.equal((await lab.proxies.list()).length, 2),
    'many lists': () =>
      Promise.all(Array.from({ length: 20 }, async () => assert.equal((await lab.proxies.list()).length, 2))),
    'a connection': () => echo(18_080),
    'one more': () => start(18_082),
    'one less': () => lab.proxies.stop({ guest: '0000000000a1', device: 'p18082' }),
    'two kills': async (killed) => {
      // The first one is still listed for a moment after its SIGKILL.
      let next = Number.NaN;
      await eventually('the next one runs', () => {
        next = lab.relayPid();
        return next > 0 && next !== killed;
      });
      process.kill(next, 'SIGKILL');
    },
  };
  for (const [name, ask] of Object.entries(meanwhile))
    await t.test(name, async () => {
      const held = connect(18_080, '127.0.0.1').on('error', () => {});
      await once(held, 'connect');
      const killed = lab.relayPid();
      process.kill(killed, 'SIGKILL');
      const begin = performance.now();
      await ask(killed);
      await eventually('all are carried again', async () => {
        const carried = await lab.proxies.list();
        if (carried.length !== (name === 'one more' ? 3 : 2)) return false;
        for (const { device } of carried) if ((await echo(Number(device.slice(1)))) !== 'hello') return false;
        return true;
      });
      t.diagnostic(`${name}: carried again after ${Math.round(performance.now() - begin)} ms`);
      held.destroy();
    });
  const pid = lab.relayPid();
  for (const port of ports) await lab.proxies.stop({ guest: '0000000000a1', device: `p${port}` });
  await eventually('the relay ends', () => !existsSync(`/proc/${pid}`));
});

test('a relay that is killed right before the daemon ends is not started again behind its back', {
  skip: whyNot,
}, async () => {
  await using lab = await openLab();
  await lab.serve(8080, (socket) => socket.pipe(socket));
  await lab.proxies.start(lab.spec('tcp:127.0.0.1:18080', 'tcp:127.0.0.1:8080'));
  process.kill(lab.relayPid(), 'SIGKILL');
});
