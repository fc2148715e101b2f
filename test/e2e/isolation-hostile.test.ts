/**
 * What a guest leaves lying for the daemon: links in its root before a start, names with control characters, a program
 * that makes the runtime execute itself. Nothing outside is written, and nothing steers the terminal of who looks.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { gast, lacking } from '../daemon.ts';
import { openHouse } from './isolation/house.ts';
import { inside, shell } from './isolation/inside.ts';

const crun = '/usr/bin/crun';
const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

test('what a guest leaves lying leads the daemon nowhere', { skip: lacking() }, async (t) => {
  await using house = await openHouse();
  const { client, daemon } = house;
  const secret = house.outside.SECRET_FILE ?? '';
  const outsideDirectory = join(dirname(secret), 'outside');
  mkdirSync(outsideDirectory);
  const victim = join(outsideDirectory, 'victim');
  writeFileSync(victim, 'untouched');
  await Promise.all([house.launch('hostile', 'debian'), house.launch('beside', 'debian')]);
  const change = (action: 'stop' | 'start') =>
    client.operation('PUT /1.0/instances/{name}/state', {
      params: { name: 'hostile' },
      body: { action, force: action === 'stop' },
    });
  const untouched = () => {
    assert.equal(readFileSync(victim, 'utf8'), 'untouched');
    assert.deepEqual(readdirSync(outsideDirectory), ['victim']);
  };
  const sh = async (script: string) =>
    (await shell(client, 'hostile', `victim=${victim}; outside=${outsideDirectory}; ${script}`)).stdout;

  const restarts: [name: string, planted: string, undo: string][] = [
    [
      'links at /etc/hostname and /etc/resolv.conf',
      'ln -sf $victim /etc/hostname; ln -sf $victim /etc/resolv.conf',
      'rm /etc/hostname /etc/resolv.conf',
    ],
    [
      'links to files that are not there',
      'ln -sf $outside/new /etc/hostname; ln -sf ../../../../../../..$outside/new /etc/resolv.conf',
      'rm /etc/hostname /etc/resolv.conf',
    ],
    [
      'FIFOs at /etc/hostname and /etc/resolv.conf',
      'rm -f /etc/hostname /etc/resolv.conf; mkfifo /etc/hostname /etc/resolv.conf',
      'rm /etc/hostname /etc/resolv.conf',
    ],
    [
      '/etc as a link to a directory of the host',
      'cp -a /etc /etc.own; mount --bind / /mnt; mv /etc /etc.old; ln -s $outside /etc',
      'rm /etc; mv /etc.old /etc',
    ],
  ];
  for (const [name, planted, undo] of restarts)
    await t.test(`before a start: ${name}`, async () => {
      await sh(planted);
      await change('stop');
      await change('start').catch(() => {});
      untouched();
      // Over the files of the stopped guest where it does not start so, from inside where it does.
      await sh(undo).catch(() => {});
    });

  await t.test('before a start: /dev, /proc, /sys and /run as links to directories of the host', async () => {
    const planted =
      'for name in dev/pts dev/shm dev/console run proc sys; do rm -rf --one-file-system /mnt/$name; ln -s $outside /mnt/$name; done; ls -l /mnt';
    await sh(`umount /mnt 2>/dev/null; mount --bind / /mnt && { ${planted}; }`);
    await change('stop');
    const started = await change('start').then(
      () => true,
      () => false,
    );
    untouched();
    assert.equal(existsSync(join(outsideDirectory, 'pts')), false);
    if (started) {
      assert.doesNotMatch(await sh('cat /proc/self/mountinfo'), new RegExp(outsideDirectory));
      await change('stop');
    }
    await client.operation('DELETE /1.0/instances/{name}', { params: { name: 'hostile' } });
    await house.launch('hostile', 'debian');
  });

  await t.test('before a start: /sbin/init as a link to a program of the host', async () => {
    writeFileSync(join(dirname(secret), 'program'), `#!/bin/sh\necho run >${victim}\n`, { mode: 0o755 });
    await sh(`ln -sf ${join(dirname(secret), 'program')} /sbin/init`);
    await change('stop');
    await assert.rejects(change('start'));
    untouched();
    await client.operation('DELETE /1.0/instances/{name}', { params: { name: 'hostile' } });
    await house.launch('hostile', 'debian');
  });

  await t.test('a program that runs the runtime itself cannot overwrite it', async () => {
    const before = hashOf(crun);
    await sh(`printf '#!/proc/self/exe\\n' >/root/evil; chmod 755 /root/evil
      perl -e 'for (1 .. 4000) { for my $exe (glob "/proc/[0-9]*/exe") { my $to = readlink $exe or next; next unless $to =~ /crun|memfd/; if (open my $f, "+<", $exe) { open my $o, ">", "/root/POSSIBLE"; close $o } } select undef, undef, undef, 0.001 }' >/dev/null 2>&1 &`);
    for (let n = 0; n < 10; n += 1) await inside(client, 'hostile', ['/root/evil']).catch(() => undefined);
    assert.equal(hashOf(crun), before);
    assert.equal(await sh('ls /root/POSSIBLE 2>/dev/null'), '');
  });

  await t.test('changes of system programs stay in the guest: the shared image is untouched', async () => {
    const sum = async (name: string) => (await shell(client, name, 'sha256sum /usr/bin/id')).stdout;
    const before = await sum('beside');
    await sh(
      'echo evil >>/usr/bin/id; chattr +i /usr/bin/env 2>/dev/null; truncate -s 0 /usr/bin/tty; ln /usr/bin/stat /root/hard; echo evil >>/root/hard',
    );
    assert.notEqual(await sum('hostile'), before);
    assert.equal(await sum('beside'), before);
    await house.launch('later', 'debian');
    assert.equal(await sum('later'), before);
    assert.equal(
      (await shell(client, 'later', 'stat --version | head -c 4; test -s /usr/bin/tty && echo whole')).stdout,
      'statwhole\n',
    );
    await client.operation('PUT /1.0/instances/{name}/state', {
      params: { name: 'later' },
      body: { action: 'stop', force: true },
    });
    await client.operation('DELETE /1.0/instances/{name}', { params: { name: 'later' } });
  });

  await t.test('hostile links in the files of the stopped guest', async () => {
    await sh(
      'ln -s / /root/top; ln -s ../../../../../../.. /root/up; ln -s $outside /root/out; ln -s $victim /root/file; mkfifo /root/fifo; mkdir /root/tree; ln -s $outside /root/tree/out; ln -s / /root/tree/top',
    );
    await change('stop');
    const params = { name: 'hostile' };
    const push = (path: string) =>
      client
        .call('POST /1.0/instances/{name}/files', {
          params,
          query: { path },
          upload: Buffer.from('pushed'),
          headers: { 'Content-Type': 'application/octet-stream' },
        })
        .catch(() => {});
    for (const path of [
      '/root/file',
      '/root/out/new',
      '/root/out/victim',
      `/root/up${victim}`,
      `/root/top${victim}`,
      '/root/fifo',
    ])
      await push(path);
    untouched();
    for (const path of ['/root/file', '/root/out/victim', `/root/up${victim}`]) {
      const answer = await client
        .raw('GET /1.0/instances/{name}/files', { params, query: { path } })
        .catch(() => undefined);
      const found = answer ? await text(answer) : '';
      assert.doesNotMatch(found, /untouched/, path);
    }
    await client.call('DELETE /1.0/instances/{name}/files', { params, query: { path: '/root/tree', force: '1' } });
    untouched();
    await change('start');
  });

  await t.test('the time to stop and delete a guest with a huge, deep tree is its own affair', async () => {
    await sh(`cd /root; perl -e 'for (1 .. 3000) { mkdir "d" x 200; chdir "d" x 200 or last }'`);
    await change('stop');
    await client.operation('DELETE /1.0/instances/{name}', { params: { name: 'hostile' } });
    await house.launch('hostile', 'debian');
  });

  await t.test('names that a guest chooses do not steer the terminal of who looks at it', async () => {
    const steering = '\\033]0;evil\\007\\033[2J';
    await sh(`ip link add "$(printf 'a\\033[2J')" type veth peer name plain; printf '${steering}' >/dev/console
      perl -e '$0 = "evil\\n\\e[2Jroot 1"; sleep 1000' "$(printf '\\n${steering}')" >/dev/null 2>&1 &`);
    for (const command of [
      ['info', 'hostile'],
      ['list'],
      ['list', '-f', 'compact'],
      ['info', 'hostile', '--processes'],
      ['list', '-c', 'n46pN'],
    ]) {
      const { stdout, stderr } = spawnSync(gast, command, { env: daemon.env, encoding: 'utf8', timeout: 60_000 });
      assert.ok(
        !/[^\P{Cc}\n\t]/u.test(stdout + stderr),
        `gast ${command.join(' ')}: ${JSON.stringify(stdout + stderr)}`,
      );
    }
    const shown = spawnSync(gast, ['info', 'hostile', '--processes'], { env: daemon.env, encoding: 'utf8' }).stdout;
    assert.match(shown, /a\\x1b\[2J:[\s\S]*evil/, 'they are shown');
    assert.ok(!/[^\P{Cc}\n\t]/u.test(daemon.log()), 'the log of the daemon');
  });
});
