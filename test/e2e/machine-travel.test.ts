/** Virtual machines as a whole go out and come in: backups, images, other pools (M09, N07, P10). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { refusedGast, sureGast } from './gast.ts';
import { answers, direct } from './machine-words.ts';

const small = ['-c', 'limits.memory=128MiB', '-d', 'root,size=256MiB'];

/** The bytes of a disk in an export, as one hash. */
const hashIn = (file: string, member: string): string =>
  execFileSync('sh', ['-c', 'tar -xOf "$1" "$2" | sha256sum', 'sh', file, member], { encoding: 'utf8' }).slice(0, 64);

test('a machine is exported, imported, published and copied to another pool', {
  skip: lackingDaemon() || lackingMachines(),
  timeout: 900_000,
}, async (t) => {
  await using daemon = await startDaemon();
  const home = mkdtempSync(join(tmpdir(), 'gast-travel-'));
  using _home = { [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) };
  const at = (name: string) => join(home, name);
  const gast = sureGast(daemon.env);
  const refused = refusedGast(daemon.env);
  const inside = (name: string, script: string) => gast('exec', name, '-T', '-n', '--', 'sh', '-c', script);
  const isUp = (name: string) => answers(daemon.env, name);
  const write = (word: string) =>
    inside('vm', `printf '%-512s' ${word} | dd of=/dev/vda conv=fsync,notrunc 2>/dev/null`);
  const hash = async (name: string, snapshot?: string) => {
    await gast('export', name, at('hashed.tar'), '--compression', 'none');
    const state = snapshot === undefined ? '' : `-snapshots/${snapshot}`;
    return hashIn(at('hashed.tar'), `backup/virtual-machine${state}.img`);
  };
  let first = '';
  let second = '';

  await t.test('a running machine is exported, with a snapshot', async () => {
    await gast('init', '--vm', '--empty', 'vm', ...small, ...direct);
    await gast('start', 'vm');
    await isUp('vm');
    await inside('vm', 'dd if=/dev/urandom of=/dev/vda bs=64k count=40 seek=1000 conv=fsync,notrunc 2>/dev/null');
    await write('first');
    await gast('snapshot', 'create', 'vm', 'one');
    await write('second');
    await gast('export', 'vm', at('vm.tar.gz'));
    const names = execFileSync('tar', ['-tf', at('vm.tar.gz')], { encoding: 'utf8' })
      .trim()
      .split('\n');
    assert.deepEqual(
      names.filter((name) => /index|\.img$|backup\.yaml/.test(name)),
      [
        'backup/index.yaml',
        'backup/virtual-machine-snapshots/one/backup.yaml',
        'backup/virtual-machine-snapshots/one.img',
        'backup/virtual-machine/backup.yaml',
        'backup/virtual-machine.img',
      ],
    );
    const { size } = statSync(at('vm.tar.gz'));
    assert.ok(size > 2 * 40 * 65_536 && size < 8 * 2 ** 20, `${size} bytes`);
    first = hashIn(at('vm.tar.gz'), 'backup/virtual-machine-snapshots/one.img');
    second = hashIn(at('vm.tar.gz'), 'backup/virtual-machine.img');
    assert.notEqual(first, second);
    // It went on running meanwhile.
    await inside('vm', 'true');
  });

  await t.test('it comes back under another name, with its snapshot, and runs', async () => {
    await gast('import', at('vm.tar.gz'), 'twin');
    assert.match(await gast('list', 'twin', '-f', 'csv', '-c', 'nstS'), /^twin,STOPPED,VIRTUAL-MACHINE,1$/);
    assert.deepEqual([await hash('twin'), await hash('twin', 'one')], [second, first]);
    // As in Incus, what comes back has the addresses that it had.
    await gast('config', 'device', 'override', 'twin', 'eth0', 'hwaddr=10:66:6a:01:02:03');
    await gast('start', 'twin');
    await isUp('twin');
    assert.match(await inside('twin', 'head -c 16 /dev/vda'), /^second/);
    await gast('stop', '--force', 'twin');
    await gast('snapshot', 'restore', 'twin', 'one');
    assert.equal(await hash('twin'), first);
    await gast('delete', 'twin');
  });

  await t.test('without snapshots, not compressed', async () => {
    await gast('export', 'vm', at('only.tar'), '--instance-only', '--compression', 'none');
    assert.doesNotMatch(execFileSync('tar', ['-tf', at('only.tar')], { encoding: 'utf8' }), /snapshots/);
    await gast('import', at('only.tar'), 'only');
    assert.match(await gast('list', 'only', '-f', 'csv', '-c', 'S'), /^0$/);
    assert.equal(await hash('only'), second);
    await gast('delete', 'only');
  });

  await t.test('what is no backup of a machine is refused with the reason, and nothing is left', async () => {
    const before = readdirSync(join(daemon.directory, 'pools/default/disks/layers')).length;
    const changed = (name: string, script: string) => {
      execFileSync(
        'sh',
        ['-ec', `mkdir x; tar -C x -xzf vm.tar.gz; cd x; ${script}; tar -czSf ../${name} backup; cd ..; rm -r x`],
        {
          cwd: home,
        },
      );
      return at(name);
    };
    const index = 'backup/index.yaml';
    const cases: [what: string, script: string, says: RegExp][] = [
      ['gone', 'rm backup/virtual-machine.img', /no root disk/],
      ['lost', 'rm backup/virtual-machine-snapshots/one.img', /snapshot one are not in it/],
      ['link', 'ln -sf /etc/shadow backup/virtual-machine.img', /not a disk/],
      ['odd', 'truncate -s +100 backup/virtual-machine.img', /multiple of 512/],
      ['other', `sed -i 's/^type: virtual-machine/type: container/' ${index}`, /no root file system|snapshot/],
      ['optimized', `sed -i 's/^optimized: false/optimized: true/' ${index}`, /optimized/],
    ];
    for (const [what, script, says] of cases)
      assert.match(await refused('import', changed(`${what}.tar.gz`, script), 'bad'), says, what);
    assert.equal(await gast('list', '-f', 'csv', '-c', 'n'), 'vm');
    assert.equal(readdirSync(join(daemon.directory, 'pools/default/disks/layers')).length, before);
  });

  await t.test('bytes that look like a disk of another format stay bytes', async () => {
    // A raw disk whose first bytes are a qcow2 header with a file of the host below it.
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-F', 'raw', '-b', '/etc/shadow', at('evil'), '1M']);
    const put = 'dd if=../evil of=backup/virtual-machine.img conv=notrunc status=none';
    const script = `mkdir x; tar -C x -xf only.tar; cd x; ${put}; tar -czSf ../evil.tar.gz backup; cd ..; rm -r x`;
    execFileSync('sh', ['-ec', script], { cwd: home });
    await gast('import', at('evil.tar.gz'), 'evil');
    assert.equal(await hash('evil'), hashIn(at('evil.tar.gz'), 'backup/virtual-machine.img'));
    await gast('delete', 'evil');
  });

  await t.test('the running machine is published, and machines of that image start at once', async () => {
    await gast('publish', 'vm', '--alias', 'made', 'os=tiny');
    await gast('publish', 'vm/one', '--alias', 'packed');
    assert.match(
      await gast('image', 'list', '-f', 'csv', '-c', 'lt'),
      /^made,VIRTUAL-MACHINE\npacked,VIRTUAL-MACHINE$/,
    );
    await gast('launch', '--vm', 'made', 'child', '-c', 'limits.memory=128MiB', ...direct);
    await isUp('child');
    assert.match(await inside('child', 'head -c 16 /dev/vda'), /^second/);
    await gast('delete', '--force', 'child');
    await gast('init', '--vm', 'packed', 'other', ...direct);
    assert.equal(await hash('other'), first);
  });

  await t.test('a copy in another pool has the same bytes, snapshots too', async () => {
    await gast('storage', 'create', 'second', 'dir');
    await gast('copy', 'vm', 'far', '-s', 'second');
    assert.deepEqual([await hash('far'), await hash('far', 'one')], [second, first]);
    await gast('delete', 'far');
  });

  await t.test('its image goes out as two files, and comes in again', async () => {
    await gast('image', 'export', 'packed', at('image'));
    const files = readdirSync(home).filter((name) => name.startsWith('image'));
    assert.equal(files.length, 2, files.join());
    const disk = files.find((name) => /root|qcow2/.test(name)) ?? '';
    assert.match(execFileSync('qemu-img', ['info', at(disk)], { encoding: 'utf8' }), /file format: qcow2/);
    await gast('delete', 'other');
    await gast('image', 'delete', 'packed');
    await gast('image', 'import', at(files.find((name) => name !== disk) ?? ''), at(disk), '--alias', 'again');
    await gast('init', '--vm', 'again', 'other', ...direct);
    assert.equal(await hash('other'), first);
    await gast('delete', 'other');
  });
});
