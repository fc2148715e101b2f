/** Projects, driven by the unmodified incus client, with a look by lxc and gast. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { importImage, startDaemon } from '../../daemon.ts';
import { runGast } from '../gast.ts';
import { foreignClients, lackingClients } from './clients.ts';

test('incus and projects', { skip: lackingClients('incus', 'lxc') }, async (t) => {
  await using daemon = await startDaemon();
  using clients = foreignClients(daemon);
  const { incus, lxc } = clients;
  await importImage(daemon, 'busybox', 'bb');
  const run = (line: string) => incus.run(line.split(' '));
  const csv = async (line: string) => (await run(`${line} -f csv`)).trim().split('\n').filter(Boolean).sort();
  const refused = async (line: string, words: RegExp) => {
    const ended = await incus.try(line.split(' '));
    assert.notEqual(ended.code, 0, `${line} was allowed`);
    assert.match(ended.stderr, words);
  };
  const network = daemon.names.defaultNetwork;
  const shared = '-c features.images=false -c features.profiles=false';

  await t.test('create, list and show', async () => {
    assert.match(await run(`project create icproj ${shared}`), /Project icproj created/);
    assert.deepEqual(
      (await csv('project list')).map((line) => line.split(',').slice(0, 3).join(',')),
      ['default (current),YES,YES', 'icproj,NO,NO'],
    );
    assert.equal(
      await run('project show icproj'),
      [
        'config:',
        '  features.images: "false"',
        '  features.profiles: "false"',
        '  features.storage.buckets: "true"',
        '  features.storage.volumes: "true"',
        'description: ""',
        'name: icproj',
        'used_by: []',
        '',
      ].join('\n'),
    );
  });
  await t.test('bad names and keys are refused', async () => {
    await refused('project create a_b', /Cannot contain "_"|underscores/);
    await refused('project create x -c nosuch=1', /nosuch/);
    await refused('project create x -c features.networks=true', /features.networks/);
    await refused('project create icproj', /already exists/);
    await refused('project show nosuch', /Project not found/);
    await refused('list --project nosuch', /Project not found/);
  });
  await t.test('switch, and launch in the project with the image and profile of default', async () => {
    await run('project switch icproj');
    await run('launch bb pc1');
    assert.deepEqual(await csv('list -c ns'), ['pc1,RUNNING']);
    assert.match((await csv('project list')).join(), /icproj \(current\)/);
    assert.match(await run('project show icproj'), /\/1\.0\/instances\/pc1\?project=icproj/);
    assert.equal(await run('exec pc1 -- hostname'), 'pc1\n');
  });
  await t.test('files, config, snapshots and state changes inside of the project', async () => {
    await incus.run(['file', 'push', '-', 'pc1/root/note'], { stdin: 'hello' });
    assert.equal(await run('file pull pc1/root/note -'), 'hello');
    await run('config set pc1 user.a=b');
    assert.equal((await run('config get pc1 user.a')).trim(), 'b');
    await run('snapshot create pc1 s0');
    assert.match(await run('info pc1'), /s0/);
    await run('restart -f pc1');
    await refused('rename pc1 pc2', /./);
    await run('stop -f pc1');
    await run('rename pc1 pc2');
    await run('rename pc2 pc1');
    await run('start pc1');
    await run('project switch default');
  });
  await t.test('list --all-projects shows both, each project its own', async () => {
    await run('launch bb dc1');
    assert.deepEqual(await csv('list --all-projects -c en'), ['default,dc1', 'icproj,pc1']);
    assert.deepEqual(await csv('list -c n'), ['dc1']);
    assert.deepEqual(await csv('list -c n --project icproj'), ['pc1']);
    await run('operation list --all-projects');
    assert.match(await run('network list --all-projects'), new RegExp(network));
    assert.match(await run('network acl list --all-projects'), /NAME/);
    assert.match(await run('storage volume list default --all-projects'), /pc1/);
  });
  await t.test('gast shows the same', async () => {
    const gast = async (...words: string[]) =>
      (await runGast({ ...daemon.env, HOME: clients.directory }, words)).stdout;
    assert.deepEqual((await gast('list', '--all-projects', '-c', 'en', '-f', 'csv')).trim().split('\n').sort(), [
      'default,dc1',
      'icproj,pc1',
    ]);
    assert.equal(await gast('list', '--project', 'icproj', '-c', 'n', '-f', 'csv'), 'pc1\n');
    await gast('project', 'switch', 'icproj');
    assert.equal(await gast('list', '-c', 'n', '-f', 'csv'), 'pc1\n');
    assert.match(await gast('project', 'list'), /icproj \(current\)/);
    await gast('project', 'switch', 'default');
    assert.equal(await gast('list', '-c', 'n', '-f', 'csv'), 'dc1\n');
    const info = await gast('project', 'info', 'icproj', '-f', 'json');
    assert.deepEqual(JSON.parse(info), JSON.parse(await run('query /1.0/projects/icproj/state')));
  });
  await t.test('a name that is taken on the shared network is refused', async () => {
    await refused('launch bb dc1 --project icproj', /Instance DNS name "dc1" already used on network/);
  });
  await t.test('info counts', async () => {
    await run('project set icproj limits.instances=1');
    const info = await csv('project info icproj');
    assert.ok(info.includes('INSTANCES,1,1'), info.join());
    assert.ok(info.includes('CONTAINERS,UNLIMITED,1'), info.join());
  });
  await t.test('limits are enforced', async () => {
    await refused('init bb pc2 --project icproj', /Reached maximum number of instances in project "icproj"/);
    await refused('project set icproj limits.instances=0', /too low/);
    await run('project unset icproj limits.instances');
    await refused('project set icproj limits.memory=64MiB', /has no "limits.memory" config/);
    await run('config set pc1 limits.memory=64MiB --project icproj');
    await run('project set icproj limits.memory=64MiB');
    await refused('config set pc1 limits.memory=65MiB --project icproj', /Reached maximum aggregate value "64MiB"/);
    await refused('init bb pc2 -c limits.memory=1MiB --project icproj', /Reached maximum aggregate value/);
    await run('project unset icproj limits.memory');
    assert.equal(await run('project get icproj limits.memory'), '\n');
  });
  await t.test('edit from stdin', async () => {
    const text = (await run('project show icproj')).replace('description: ""', 'description: shop');
    await incus.run(['project', 'edit', 'icproj'], { stdin: text });
    assert.match(await run('project show icproj'), /description: shop/);
  });
  await t.test('images and profiles of their own are not seen elsewhere', async () => {
    await run('project create own');
    assert.deepEqual(await csv('image list --project own'), []);
    assert.deepEqual(await csv('image list --project icproj -c l'), ['bb']);
    await run('profile create small --project own');
    assert.deepEqual(await csv('profile list -c n --project own'), ['default', 'small']);
    await refused('profile show small', /Profile not found/);
    assert.match(await run('profile list --all-projects'), /own.*small/);
    await refused('init bb x --project own', /not found|couldn't be found/);
    assert.match(await run('network list --project own'), /YES/);
    assert.match(await run('storage list --project own'), /default/);
  });
  await t.test('the same image in two projects, deleted in one', async () => {
    const fingerprint = (await csv('image list -c F'))[0] ?? '';
    const file = `${clients.directory}/bb`;
    await run(`image export bb ${file}`);
    const exported = readdirSync(clients.directory).filter((name) => name.startsWith('bb'));
    const files = exported.sort((a, b) => a.length - b.length).map((name) => `${clients.directory}/${name}`);
    await run(`image import ${files.join(' ')} --alias bb --project own`);
    assert.deepEqual(await csv('image list --project own -c F'), [fingerprint]);
    assert.match(await run('image list --all-projects'), /own/);
    await run('profile device add default root disk path=/ pool=default --project own');
    await run('init bb o1 --project own');
    await run('image delete bb --project own');
    assert.deepEqual(await csv('image list -c F'), [fingerprint]);
    await run('start o1 --project own');
    assert.deepEqual(await csv('list -c ns --project own'), ['o1,RUNNING']);
    await run('delete -f o1 --project own');
  });
  await t.test('move to another project and back, with snapshots', async () => {
    await run('init bb mv');
    await run('snapshot create mv s0');
    await run('move mv --target-project icproj');
    assert.deepEqual(await csv('list -c n --project icproj'), ['mv', 'pc1']);
    assert.match(await run('info mv --project icproj'), /s0/);
    await run('start mv --project icproj');
    await refused('move mv mv --project icproj --target-project default', /must be stopped/);
    await run('stop -f mv --project icproj');
    await run('move mv --project icproj --target-project default');
    assert.deepEqual(await csv('list -c n'), ['dc1', 'mv']);
  });
  await t.test('copy to another project', async () => {
    await run('copy mv mv2 --target-project icproj');
    assert.deepEqual(await csv('list -c n --project icproj'), ['mv2', 'pc1']);
    await run('copy mv/s0 mv3 --target-project icproj');
    await run('delete mv2 mv3 --project icproj');
    await run('delete mv');
  });
  await t.test('restrictions are enforced', async () => {
    await run('project create locked -c features.images=false -c restricted=true');
    await run('profile device add default root disk path=/ pool=default --project locked');
    await refused(`project create bad ${shared} -c restricted=true`, /without their own profiles/);
    await refused(
      'profile device add default data disk source=/tmp path=/data --project locked',
      /Attaching disks not backed by a pool is forbidden/,
    );
    await run('launch bb l1 --project locked');
    await refused(
      'config device add l1 d disk source=/tmp path=/d --project locked',
      /not backed by a pool is forbidden/,
    );
    await refused('config set l1 limits.memory.swap=false --project locked', /low-level config "limits.memory.swap"/);
    await refused('snapshot create l1 s0 --project locked', /doesn't allow for snapshot creation/);
    await run('project set locked restricted.snapshots=allow');
    await run('snapshot create l1 s0 --project locked');
    await run('project set locked restricted.devices.nic=block');
    await refused(`config device add l1 eth9 nic network=${network} --project locked`, /Network devices are forbidden/);
  });
  await t.test('disks stay in the directories that the project allows, whatever links say', async () => {
    const [allowed, secret] = [`${clients.directory}/allowed`, `${clients.directory}/secret`];
    for (const folder of [`${allowed}/data`, secret]) mkdirSync(folder, { recursive: true });
    writeFileSync(`${allowed}/data/open`, 'open\n');
    writeFileSync(`${secret}/hidden`, 'hidden\n');
    symlinkSync(secret, `${allowed}/out`);
    await run(`project set locked restricted.devices.disk=allow restricted.devices.disk.paths=${allowed}`);
    await refused(`config device add l1 d disk source=${secret} path=/d --project locked`, /not allowed/);
    await run('stop -f l1 --project locked');
    await run(`config device add l1 d disk source=${allowed}/data path=/d --project locked`);
    await run('start l1 --project locked');
    assert.equal(await run('exec l1 --project locked -- cat /d/open'), 'open\n');
    await run('stop -f l1 --project locked');
    await run(`config device set l1 d source=${allowed}/out --project locked`);
    const started = await incus.try(['start', 'l1', '--project', 'locked']);
    const seen = await incus.try(['exec', 'l1', '--project', 'locked', '--', 'cat', '/d/hidden']);
    assert.doesNotMatch(seen.stdout, /hidden/, `the link led out; start said ${started.stderr}`);
  });
  await t.test('rename: an empty project only', async () => {
    await refused('project rename icproj other', /Only empty projects can be renamed/);
    await run('project create empty');
    await run('project rename empty empty2');
    assert.deepEqual(
      (await csv('project list')).map((line) => line.split(',')[0]),
      ['default (current)', 'empty2', 'icproj', 'locked', 'own'],
    );
    await run('project delete empty2');
  });
  await t.test('events and monitor of one project', async () => {
    // It never ends by itself; as long as it runs, something happens in both projects.
    let ended = false;
    const words = ['monitor', '--type', 'lifecycle', '--project', 'icproj', '--format', 'json'];
    const monitor = incus.try(words, { timeoutMs: 5_000 }).finally(() => {
      ended = true;
    });
    for (let round = 0; !ended; round++) {
      await run(`config set pc1 user.round=${round} --project icproj`);
      await run(`config set dc1 user.round=${round}`);
    }
    const { stdout } = await monitor;
    assert.match(stdout, /instances\/pc1\?project=icproj/);
    assert.doesNotMatch(stdout, /dc1/);
  });
  await t.test('lxc makes, changes and deletes a project', async () => {
    await lxc.run(['project', 'create', 'lxp', '-c', 'features.images=false', '-c', 'features.profiles=false']);
    await lxc.run(['project', 'set', 'lxp', 'limits.instances=1']);
    await lxc.run(['init', 'bb', 'lx1', '--project', 'lxp']);
    const full = await lxc.try(['init', 'bb', 'lx2', '--project', 'lxp']);
    assert.match(full.stderr, /Reached maximum number of instances/);
    assert.match(await lxc.run(['project', 'info', 'lxp']), /INSTANCES/);
    await lxc.run(['delete', 'lx1', '--project', 'lxp']);
    await lxc.run(['project', 'rename', 'lxp', 'lxq']);
    await lxc.run(['project', 'delete', 'lxq']);
  });
  await t.test('lxc lists the projects and what is in them', async () => {
    assert.match(await lxc.run(['project', 'list']), /icproj/);
    assert.match(await lxc.run(['list', '--project', 'icproj']), /pc1/);
    assert.match(await lxc.run(['list', '--all-projects']), /dc1[\s\S]*pc1|pc1[\s\S]*dc1/);
    await lxc.run(['project', 'switch', 'icproj']);
    assert.match(await lxc.run(['info', 'pc1']), /Name: pc1/);
  });
  await t.test('delete: in use, in the project, and by force', async () => {
    await refused('project delete icproj', /Only empty projects can be removed/);
    await refused('project delete default', /cannot be deleted/);
    await run('delete -f pc1 --project icproj');
    assert.match(await run('project delete icproj'), /Project icproj deleted/);
    assert.equal((await incus.try(['project', 'delete', '--force', 'locked'], { stdin: 'yes\n' })).code, 0);
    assert.deepEqual(await csv('list --all-projects -c n'), ['dc1']);
  });
});
