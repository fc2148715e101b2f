/** An ordinary user's guests beside that user: nothing of ours is root on the host, and no guest is the user (W1, W7, B06). */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { InstanceFull } from '../../src/api/resources/instances.ts';
import { importImage, launch, startDaemon } from '../daemon.ts';
import { shell } from '../e2e/isolation/inside.ts';
import { asUser, firstSubordinateId, insideWords } from '../own-namespaces.ts';

const uid = process.getuid?.() ?? 0;
const checkout = join(import.meta.dirname, '..', '..');
const subordinateIds = 65_536;

test('guests of an ordinary user', { skip: asUser ? false : 'needs tools/as-user' }, async (t) => {
  await using daemon = await startDaemon();
  const { client, directory } = daemon;
  await importImage(daemon, 'busybox', 'busybox');
  for (const name of ['one', 'two']) await launch(daemon, name, 'busybox');
  const one = (await client.call('GET /1.0/instances/{name}', {
    params: { name: 'one' },
    query: { recursion: '1' },
  })) as InstanceFull;
  const init = one.state?.pid ?? 0;

  await t.test('no process of ours is root on the host, and no program of ours is set-user-id', () => {
    const ours = processesOutsideOf(readlinkSync('/proc/self/ns/user'), directory);
    for (const program of ['node', 'pasta', 'perl', 'sleep', 'dnsmasq', 'conmon', 'init'])
      assert.ok(
        ours.some(({ command }) => command.includes(program)),
        `${program} is not among\n${ours.map(({ command }) => command).join('\n')}`,
      );
    const first = firstSubordinateId();
    const isGuests = (id: number) => id >= first && id < first + subordinateIds;
    assert.deepEqual(
      ours.filter(({ ids }) => ids.some((id) => id !== uid && !isGuests(id))),
      [],
    );
    const found = spawnSync('find', [join(checkout, 'bin'), join(checkout, 'libexec'), '-perm', '/6000']);
    assert.equal(found.stdout.toString(), '');
  });

  await t.test('root of a guest is a subordinate id, and the user has no id in a guest', () => {
    assert.deepEqual(idsOf(init), [firstSubordinateId()]);
    const rows = readFileSync(`/proc/${init}/uid_map`, 'utf8').trim().split('\n');
    for (const row of rows) {
      const [, outside = 0, count = 0] = row.trim().split(/\s+/).map(Number);
      assert.ok(uid < outside || uid >= outside + count, row);
    }
  });

  // What somebody who had got out of a guest could do: the ids of a guest's root, no rights, the daemon's view of files.
  const asGuestRoot = (script: string) => {
    const [program = '', ...words] = [
      ...insideWords(directory),
      ...['setpriv', '--reuid=0', '--regid=0', '--clear-groups', '--bounding-set=-all', '--inh-caps=-all'],
      ...['sh', '-c', script],
    ];
    return spawnSync(program, words, { encoding: 'utf8' });
  };
  assert.match(asGuestRoot('id -u; cat /etc/hostname').stdout, /^0\n./, 'what everybody may');
  const connects = (path: string) =>
    `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un("${path}")) or die "refused: $!\\n"; print "POSSIBLE"'`;

  await t.test('the ids of a guest open neither files of the user nor those of other guests', async () => {
    const secret = join(homedir(), 'secret');
    writeFileSync(secret, 'secret', { mode: 0o600 });
    await shell(client, 'two', 'echo secret >/root/secret; chmod 644 /root/secret');
    const [find = '', ...words] = [...insideWords(directory), 'find', directory, '-path', '*/root/secret'];
    const others = spawnSync(find, words, { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
    assert.ok(others.length > 0, 'the file of the other guest is on the disk');
    for (const path of [secret, join(directory, 'gasthof.db'), ...others]) {
      const { stdout, stderr } = asGuestRoot(`cat ${path}`);
      assert.equal(stdout, '');
      assert.match(stderr, /Permission denied/, path);
    }
    assert.match(asGuestRoot(`touch ${dirname(secret)}/new`).stderr, /Permission denied/);
    rmSync(secret);
  });

  await t.test('nor sockets of the user, of the daemon or of the doorman', () => {
    const path = join(homedir(), 'socket');
    const server = createServer().listen(path);
    for (const socket of [path, join(directory, 'unix.socket'), join(directory, 'run/outside.socket')]) {
      const { stdout, stderr } = asGuestRoot(connects(socket));
      assert.equal(stdout, '', socket);
      assert.match(stderr, /refused: Permission denied/, socket);
    }
    server.close();
  });

  await t.test('nor reach processes of the user', () => {
    assert.match(asGuestRoot(`kill -0 ${process.pid}`).stderr, /not permitted/);
    assert.match(asGuestRoot(`ls /proc/${daemon.pid}/root/`).stderr, /Permission denied/);
  });

  await t.test('a guest finds no path of the user, and nobody who listens for the user alone', async () => {
    const server = createServer((socket) => socket.end('POSSIBLE')).listen(0, '127.0.0.1');
    const abstract = createServer((socket) => socket.end('POSSIBLE')).listen('\0gasthof-test-of-user');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const gateway = "$(ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p')";
    const { stdout } = await shell(
      client,
      'one',
      `for to in 127.0.0.1 ${gateway} 192.0.2.1 192.0.2.2 192.0.2.10 169.254.1.53; do nc -w 2 $to ${port} </dev/null 2>/dev/null; done
      grep gasthof-test-of-user /proc/net/unix; ls -d ${homedir()} ${directory} /proc/*/root${homedir()} 2>/dev/null; echo end`,
    );
    assert.equal(stdout, 'end\n');
    server.close();
    abstract.close();
  });
});

type Process = { command: string; ids: number[] };

/** Everything of the daemon: in another user namespace than the host's, or with its directory in the words. */
function processesOutsideOf(namespace: string, directory: string): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (command === '') return [];
      const isOurs = command.includes(directory) || readlinkSync(`/proc/${pid}/ns/user`) !== namespace;
      return isOurs ? [{ command, ids: idsOf(Number(pid)) }] : [];
    } catch {
      return []; // Ended meanwhile, or root's, of which a user sees no namespaces.
    }
  });
}

/** Real, effective, saved and file system id on the host. */
const idsOf = (pid: number): number[] => [
  ...new Set(
    /^Uid:\s+(.*)/m
      .exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      ?.split(/\s+/)
      .map(Number),
  ),
];
