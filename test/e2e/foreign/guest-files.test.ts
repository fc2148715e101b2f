/** Files of a guest, running and stopped, through the unmodified clients: incus over SFTP, lxc over /files. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { importImage, startDaemon } from '../../daemon.ts';
import { openDescriptors } from '../../own-namespaces.ts';
import { foreignClients, lackingClients } from './clients.ts';

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536);
}

/** How many descriptors of the process stand for a path with this end. */
const openFiles = (pid: number, end: string): number =>
  openDescriptors(pid).filter((target) => target.endsWith(end)).length;

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(25)) if (await holds()) return;
  assert.fail('not in time');
}

test('incus file commands work on running and stopped guests over SFTP', {
  skip: lackingClients('incus'),
}, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, directory, env } = clients;
  const local = (name: string) => join(directory, name);
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['launch', 'bb', 'c1']);
  const inside = async (script: string) => (await incus.run(['exec', 'c1', '--', 'sh', '-c', script])).trim();
  writeFileSync(local('f1'), 'pushed\n');

  await t.test('file push with owner and mode', async () => {
    await incus.run(['file', 'push', local('f1'), 'c1/root/f1', '--uid', '1000', '--gid', '1000', '--mode', '0640']);
    assert.equal(await inside('cat /root/f1; stat -c "%u %g %a" /root/f1'), 'pushed\n1000 1000 640');
  });
  await t.test('file pull to a file and to standard output', async () => {
    await incus.run(['file', 'pull', 'c1/root/f1', local('pulled')]);
    assert.equal(readFileSync(local('pulled'), 'utf8'), 'pushed\n');
    assert.equal(await incus.run(['file', 'pull', 'c1/root/f1', '-']), 'pushed\n');
  });
  await t.test('file push from standard input', async () => {
    await incus.run(['file', 'push', '-', 'c1/root/stdin'], { stdin: 'from stdin' });
    assert.equal(await inside('cat /root/stdin'), 'from stdin');
  });
  await t.test('file push --create-dirs', async () => {
    await incus.run(['file', 'push', '-p', local('f1'), 'c1/root/x/y/f1']);
    assert.equal(await inside('cat /root/x/y/f1'), 'pushed');
  });
  await t.test('file push --recursive with links', async () => {
    mkdirSync(local('dir/sub'), { recursive: true });
    writeFileSync(local('dir/a'), 'a');
    writeFileSync(local('dir/sub/b'), 'b');
    symlinkSync('a', local('dir/lnk'));
    await incus.run(['file', 'push', '-r', local('dir'), 'c1/root/']);
    assert.equal(await inside('cd /root/dir; cat a sub/b; readlink lnk'), 'aba');
  });
  await t.test('file pull --recursive with links', async () => {
    mkdirSync(local('back'));
    await incus.run(['file', 'pull', '-r', 'c1/root/dir', local('back')]);
    assert.equal(readFileSync(local('back/dir/sub/b'), 'utf8'), 'b');
    assert.equal(readlinkSync(local('back/dir/lnk')), 'a');
  });
  await t.test('file create of a file, a directory and a link', async () => {
    await incus.run(['file', 'create', 'c1/root/empty']);
    await incus.run(['file', 'create', '--type', 'directory', 'c1/root/newdir']);
    await incus.run(['file', 'create', '--type', 'symlink', 'c1/root/newlink', '/root/f1']);
    assert.equal(
      await inside('stat -c "%F %u" /root/empty /root/newdir; cat /root/newlink'),
      'regular empty file 0\ndirectory 0\npushed',
    );
  });
  await t.test('file edit takes the new content from standard input', async () => {
    writeFileSync(local('edited'), 'edited\n');
    await incus.run(['file', 'edit', 'c1/root/f1'], { stdinFile: local('edited') });
    assert.equal(await inside('cat /root/f1'), 'edited');
  });
  await t.test('file delete, and of what is not there', async () => {
    await incus.run(['file', 'delete', 'c1/root/f1']);
    assert.equal(await inside('ls /root/f1 2>/dev/null | wc -l'), '0');
    const missing = await incus.try(['file', 'delete', 'c1/root/none']);
    assert.deepEqual([missing.code, missing.stderr], [1, 'Error: file does not exist\n']);
  });
  await t.test('file delete of a directory', async () => {
    await incus.run(['file', 'delete', 'c1/root/newdir']);
    assert.equal(await inside('ls -d /root/newdir 2>/dev/null | wc -l'), '0');
  });
  await t.test('file pull of what is not there', async () => {
    const missing = await incus.try(['file', 'pull', 'c1/root/none', '-']);
    assert.deepEqual([missing.code, missing.stderr], [1, 'Error: file does not exist\n']);
  });
  await t.test('a FIFO does not block anybody', async () => {
    await inside('mkfifo /root/fifo');
    const refused = await incus.try(['file', 'pull', 'c1/root/fifo', '-'], { timeoutMs: 20_000 });
    assert.equal(refused.code, 1);
  });
  await t.test('links of the guest lead to nowhere but the guest', async () => {
    await inside('ln -s /proc/1/root/../../../../etc/passwd /root/evil; ln -s / /root/top');
    assert.equal((await incus.try(['file', 'pull', 'c1/root/evil', '-'])).code, 1);
    assert.equal(await incus.run(['file', 'pull', 'c1/root/top/root/stdin', '-']), 'from stdin');
  });
  await t.test('20 MiB go in and out unchanged', async () => {
    const content = Buffer.alloc(20 * 1024 * 1024, 'gasthof ');
    writeFileSync(local('big'), content);
    await incus.run(['file', 'push', local('big'), 'c1/root/big']);
    await incus.run(['file', 'pull', 'c1/root/big', local('big2')]);
    assert.ok(readFileSync(local('big2')).equals(content));
  });
  await t.test('a client killed in the middle of a push leaves nothing open', async () => {
    const child = spawn('incus', ['file', 'push', '-', 'c1/root/endless'], {
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin.on('error', () => {});
    Readable.from(endless()).pipe(child.stdin);
    await until(async () => openFiles(daemon.pid, '/root/endless') === 1);
    child.kill('SIGKILL');
    await until(async () => openFiles(daemon.pid, '/root/endless') === 0);
    await incus.run(['file', 'delete', 'c1/root/endless']);
  });
  await t.test('the same in a stopped guest', async () => {
    await incus.run(['stop', '--force', 'c1']);
    await incus.run(['file', 'push', local('f1'), 'c1/root/f2', '--mode', '0600']);
    assert.equal(await incus.run(['file', 'pull', 'c1/root/f2', '-']), 'pushed\n');
    await incus.run(['start', 'c1']);
    // The client sends the owner of the file along.
    assert.equal(await inside('stat -c "%u %a" /root/f2'), `${process.getuid?.()} 600`);
  });
});

test('lxc file commands work over /files', { skip: lackingClients('incus', 'lxc') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { lxc, incus, directory } = clients;
  const local = (name: string) => join(directory, name);
  await importImage(daemon, 'busybox', 'bb');
  await incus.run(['launch', 'bb', 'c1']);
  const inside = async (script: string) => (await incus.run(['exec', 'c1', '--', 'sh', '-c', script])).trim();
  writeFileSync(local('f1'), 'pushed\n');

  await t.test('lxc file push and pull', async () => {
    await lxc.run(['file', 'push', local('f1'), 'c1/root/f1', '--uid', '1000', '--gid', '1000', '--mode', '0640']);
    assert.equal(await inside('cat /root/f1; stat -c "%u %g %a" /root/f1'), 'pushed\n1000 1000 640');
    assert.equal(await lxc.run(['file', 'pull', 'c1/root/f1', '-']), 'pushed\n');
  });
  await t.test('lxc file push and pull of directories with links', async () => {
    mkdirSync(local('dir/sub'), { recursive: true });
    writeFileSync(local('dir/sub/b'), 'b');
    symlinkSync('sub/b', local('dir/lnk'));
    await lxc.run(['file', 'push', '-r', local('dir'), 'c1/root/']);
    assert.equal(await inside('cd /root/dir; cat lnk; readlink lnk'), 'bsub/b');
    mkdirSync(local('back'));
    await lxc.run(['file', 'pull', '-r', 'c1/root/dir', local('back')]);
    assert.equal(readFileSync(local('back/dir/sub/b'), 'utf8'), 'b');
    assert.equal(readlinkSync(local('back/dir/lnk')), 'sub/b');
  });
  await t.test('lxc file edit keeps owner and mode', async () => {
    writeFileSync(local('edited'), 'edited\n');
    await lxc.run(['file', 'edit', 'c1/root/f1'], { stdinFile: local('edited') });
    assert.equal(await inside('cat /root/f1; stat -c "%u %a" /root/f1'), 'edited\n1000 640');
  });
  await t.test('lxc file delete', async () => {
    await lxc.run(['file', 'delete', 'c1/root/f1']);
    assert.notEqual((await lxc.try(['file', 'delete', 'c1/root/f1'])).code, 0);
  });
});
