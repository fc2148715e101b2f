/** A vm.conf of OpenBSD becomes guests here, and its owner starts, stops and watches them (P09 to P17, W23, W24). */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gast as gastProgram, lacking as lackingDaemon, startDaemon } from '../daemon.ts';
import { eventually } from '../integration/engine-lab.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { tinyMachine } from '../machines/tiny-machine.ts';
import { runGast, sureGast } from './gast.ts';
import { bootMs } from './machine-words.ts';

/** A user that no user database knows. */
const owner = 4711;
const isRoot = process.getuid?.() === 0;

const conf = `# machines of the house
ramdisk = "${tinyMachine.kernel}"
much = 128M
include "more.conf"

switch "lan" {
	interface bridge0
	add em0
}

vm "rd" {
	disable
	memory $much
	boot $ramdisk
	interface { switch "lan" }
	owner ${owner}
}

vm "store.example" {
	disable
	memory $much
	disk $images "/store.qcow2" format qcow2
	disk $images "/data.img"
	local interface { lladdr 02:00:00:00:47:11 }
	owner :wheel
}
`;
const more = 'vm "auto" {\n  memory 64M\n  interface tap\n  disk $images "/auto.img" format raw\n}\n';

/** A disk with the mark of a boot sector, and a loader that waits for ever. */
function bootable(sizeBytes: number): Buffer {
  const disk = Buffer.alloc(sizeBytes);
  // hlt; jmp back
  disk.set([0xf4, 0xeb, 0xfd]);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

test('a vm.conf is planned, imported, and not imported twice', {
  skip: lackingDaemon() || lackingMachines(),
  timeout: 600_000,
}, async (t) => {
  await using daemon = await startDaemon();
  const folder = mkdtempSync(join(tmpdir(), 'vmconf-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const images = join(folder, 'images');
  mkdirSync(images);
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', join(images, 'store.qcow2'), '48M']);
  writeFileSync(join(images, 'data.img'), '');
  truncateSync(join(images, 'data.img'), 16 * 2 ** 20);
  writeFileSync(join(images, 'auto.img'), bootable(8 * 2 ** 20));
  const file = join(folder, 'vm.conf');
  writeFileSync(file, `images = "${images}"\n${conf}`);
  writeFileSync(join(folder, 'more.conf'), more);
  const gast = sureGast(daemon.env);
  const names = () => gast('list', '-f', 'csv', '-c', 'n');

  await t.test('an unknown word is refused with its line, and nothing is made', async () => {
    const wrong = join(folder, 'wrong.conf');
    writeFileSync(wrong, `switch "lan" {\n\tinterface bridge0\n}\nvm "a" {\n\tmemry 1G\n}\nvm "b" {\n}\n`);
    const { code, stdout, stderr } = await runGast(daemon.env, ['import', wrong, '--yes']);
    assert.equal(code, 1);
    assert.match(stdout, /wrong\.conf:5: unknown word "memry" in a machine; did you mean "memory"\?/);
    assert.match(stderr, /nothing was changed/);
    assert.equal(await names(), '');
    assert.doesNotMatch(await gast('network', 'list', '-f', 'csv'), /^lan,/m);
  });

  await t.test('the plan shows all of it and changes nothing', async () => {
    const plan = await gast('import', file, '--plan');
    for (const shown of [
      /\| lan +\|.*create/,
      /\| rd +\|.*128MiB/,
      /store-example/,
      /auto.*64MiB/,
      /no switch/,
      /add em0/,
    ])
      assert.match(plan, shown);
    assert.match(plan, /more\.conf:3: interface tap|more\.conf:3: interface: on no switch/);
    assert.match(plan, /vm\.conf:9: add em0: cards of the host are not joined/);
    assert.equal(await names(), '');
    const unasked = await runGast(daemon.env, ['import', file]);
    assert.equal(unasked.code, 2, unasked.stderr);
    assert.equal(await names(), '');
  });

  await t.test('the import makes networks and guests, and starts what is not disabled', async () => {
    await gast('import', file, '--yes');
    assert.equal(
      await gast('list', '-f', 'csv', '-c', 'nst,limits.memory,boot.autostart'),
      [
        'auto,RUNNING,VIRTUAL-MACHINE,64MiB,true',
        'rd,STOPPED,VIRTUAL-MACHINE,128MiB,false',
        'store-example,STOPPED,VIRTUAL-MACHINE,128MiB,false',
      ].join('\n'),
    );
    assert.match(await gast('network', 'list', '-f', 'csv'), /^lan,bridge/m);
    const devices = await gast('config', 'device', 'show', 'store-example');
    assert.match(devices, /hwaddr: 02:00:00:00:47:11/);
    assert.match(devices, /disk1:\n(?: +.*\n)*? +source: \S+\/images\/data\.img/);
    assert.equal(await gast('config', 'get', 'store-example', 'user.vmd.name'), 'store.example');
    assert.equal(await gast('image', 'list', '-f', 'csv'), '', 'the disk stays, its image was only the way');
  });

  await t.test('a second import finds all of it, and says what differs', async () => {
    const before = await gast('list', '-f', 'json');
    const again = await runGast(daemon.env, ['import', file, '--yes']);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /Nothing was changed/);
    assert.doesNotMatch(again.stdout, /differs|create/);
    const of = (text: string) =>
      (JSON.parse(text) as { name: string; config: object; state: { pid: number } }[]).map(
        ({ name, config, state }) => [name, config, state.pid],
      );
    assert.deepEqual(of(await gast('list', '-f', 'json')), of(before));
    await gast('config', 'set', 'auto', 'boot.autostart=false');
    assert.match(await gast('import', file, '--yes'), /auto: boot\.autostart is false, in the file true/);
  });

  await t.test('the machine of a kernel starts, with what vm.conf has no words for', async () => {
    await gast('config', 'set', 'rd', `machine.initrd=${tinyMachine.initrd}`, `machine.cmdline=${tinyMachine.append}`);
    await gast('start', 'rd');
    await eventually('rd is ready', async () => /ready after/.test(await gast('console', 'rd', '--show-log')), bootMs);
    await gast('stop', '--force', 'rd', 'auto');
  });

  await t.test(
    'its owner starts, watches and stops it, and nothing else',
    { skip: !isRoot && 'the own daemon has no owners' },
    async () => {
      const asOwner = async (...words: string[]) => {
        const how = ['--reuid', String(owner), '--regid', String(owner), '--clear-groups', gastProgram, ...words];
        const env = { ...daemon.env, GASTHOF_DIR: '', GASTHOF_SOCKET: join(daemon.directory, 'owners.socket') };
        return promisify(execFile)('setpriv', how, { env }).then(
          ({ stdout }) => ({ code: 0, text: stdout.trim() }),
          (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
        );
      };
      assert.deepEqual(await asOwner('list', '-f', 'csv', '-c', 'ns'), { code: 0, text: 'rd,STOPPED' });
      assert.deepEqual(await asOwner('start', 'rd'), { code: 0, text: '' });
      await eventually(
        'the owner sees it boot',
        async () => /ready after/.test((await asOwner('console', 'rd', '--show-log')).text),
        bootMs,
      );
      for (const words of [
        ['config', 'set', 'rd', 'limits.memory=1GiB'],
        ['exec', 'rd', '-T', '-n', '--', 'id'],
        ['delete', 'rd'],
        ['start', 'auto'],
        ['console', 'store-example', '--show-log'],
      ])
        assert.equal((await asOwner(...words)).code, 1, words.join(' '));
      assert.deepEqual(await asOwner('stop', '--force', 'rd'), { code: 0, text: '' });
      // The door goes with the last owner.
      for (const name of ['rd', 'store-example']) await gast('config', 'unset', name, 'security.owner');
      await eventually('the door is closed', async () => (await asOwner('list')).code === 3, 10_000);
    },
  );
});
