/** A person's day with `gast`: every command group against a real daemon and a small guest. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importImage, lacking, startDaemon } from '../daemon.ts';
import { asUser } from '../own-namespaces.ts';
import { runGast } from './gast.ts';

test('a guest by the command line, from launch to delete (A20, A21, F01)', {
  skip: lacking(),
  timeout: 240_000,
}, async (t) => {
  await using daemon = await startDaemon();
  await importImage(daemon, 'busybox', 'bb');
  const work = join(daemon.directory, 'work');
  mkdirSync(work);
  const refused = (words: string, stdin?: string | Buffer) => runGast(daemon.env, words.split(' '), stdin);
  const gast = async (words: string | string[], stdin?: string | Buffer) => {
    const ended = await runGast(daemon.env, typeof words === 'string' ? words.split(' ') : words, stdin);
    assert.equal(ended.code, 0, `${words}: ${ended.stderr}`);
    return ended.stdout;
  };

  await t.test('launch prints the name and the addresses, and list shows them', async () => {
    assert.match(await gast('launch bb web -c limits.memory=64MiB'), /^web \d+\.\d+\.\d+\.\d+ [0-9a-f:]+\n$/);
    assert.match(await gast('list -f csv'), /^web,RUNNING,[\d.]+ \(eth0\),[0-9a-f:]+ \(eth0\),CONTAINER,0\n$/);
    assert.equal((JSON.parse(await gast('list -f json')) as { name: string }[])[0]?.name, 'web');
    assert.equal(await gast('list -c n,limits.memory -f csv status=running'), 'web,64MiB\n');
    assert.match(await gast('wait web --ip'), /^\d+\.\d+/);
    await gast('wait web --until ready --timeout 30');
    assert.match(await gast('info web'), /Status: RUNNING[\s\S]*Memory: .* of 64.00MiB[\s\S]*inet: /);
    assert.match(await gast('info web --processes'), /PID +HOST PID/);
    assert.match(await gast('info web --field state.pid'), /^\d+\n$/);
  });

  await t.test('exec passes streams, environment, directory, user and the exit code', async () => {
    const both = await runGast(daemon.env, ['exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    assert.deepEqual(both, { code: 7, stdout: 'out\n', stderr: 'err\n' });
    assert.equal(await gast('exec web -- cat', 'through stdin'), 'through stdin');
    assert.equal(await gast('exec web -n -- cat', 'not read'), '');
    assert.equal(
      await gast([
        'exec',
        'web',
        '--env',
        'A=b c',
        '--cwd',
        '/tmp',
        '--user',
        '7',
        '--',
        'sh',
        '-c',
        'echo "$A $PWD $(id -u)"',
      ]),
      'b c /tmp 7\n',
    );
    assert.equal((await refused('exec web -- /does/not/exist')).code, 127);
    const big = await gast(['exec', 'web', '--', 'head', '-c', '20000000', '/dev/zero']);
    assert.equal(big.length, 20_000_000);
    assert.equal((await gast(['exec', 'web', '--', 'wc', '-c'], Buffer.alloc(20_000_000))).trim(), '20000000');
    assert.match(await gast('shell web', 'echo home $HOME\n'), /home \/root/);
  });

  await t.test('files keep owner and mode on the way in and out', async () => {
    writeFileSync(join(work, 'one'), 'content');
    chmodSync(join(work, 'one'), 0o640);
    await gast(['file', 'push', join(work, 'one'), 'web/root/', '--uid', '12', '--gid', '34']);
    assert.match(await gast('exec web -- stat -c %u:%g:%a /root/one'), /^12:34:640\n$/);
    mkdirSync(join(work, 'tree/sub'), { recursive: true });
    writeFileSync(join(work, 'tree/sub/x'), 'x');
    symlinkSync('sub/x', join(work, 'tree/link'));
    await gast(['file', 'push', '-r', '-p', join(work, 'tree'), 'web/new/dir/']);
    mkdirSync(join(work, 'back'));
    await gast(['file', 'pull', '-r', 'web/new/dir/tree', join(work, 'back')]);
    assert.equal(readFileSync(join(work, 'back/tree/link'), 'utf8'), 'x');
    await gast('file edit web/root/one', 'edited');
    assert.equal(await gast('file pull web/root/one -'), 'edited');
    assert.match(await gast('exec web -- stat -c %u:%g:%a /root/one'), /^12:34:640\n$/);
    await gast('file delete web/root/one');
    assert.equal((await refused('file pull web/root/one -')).code, 1);
    await gast('file delete -r web/new');
  });

  await t.test('a pull is never written through a link that is already there', async () => {
    writeFileSync(join(work, 'victim'), 'safe');
    symlinkSync(join(work, 'victim'), join(work, 'trap'));
    await gast('file push - web/root/trap', 'evil');
    await gast(['file', 'pull', 'web/root/trap', join(work, 'trap')]);
    assert.deepEqual(
      [readFileSync(join(work, 'victim'), 'utf8'), readFileSync(join(work, 'trap'), 'utf8')],
      ['safe', 'evil'],
    );
  });

  await t.test('config changes live, by set, unset, edit and devices', async () => {
    await gast('config set web limits.memory=96MiB user.a=1');
    assert.equal(await gast('config get web limits.memory'), '96MiB\n');
    await gast('config unset web user.a');
    assert.equal((await refused('config unset web user.a')).code, 1);
    const shown = await gast('config show web');
    await gast('config edit web', shown.replace('limits.memory: 96MiB', 'limits.memory: 80MiB'));
    assert.equal(await gast('config get web limits.memory'), '80MiB\n');
    mkdirSync(join(work, 'data'));
    await gast(`config device add web data disk source=${work}/data path=/data`);
    assert.equal(await gast('config device list web'), 'data\n');
    assert.equal(await gast('config device get web data path'), '/data\n');
    await gast('config device remove web data');
    assert.match((await refused('config device set web eth0 mtu=1400')).stderr, /comes from a profile\n {2}try: /);
  });

  await t.test('profiles, snapshots, copies and images', async () => {
    await gast('profile create small -c limits.processes=200');
    await gast('profile add web small');
    assert.match(await gast('profile show small'), /used_by:\n- \/1.0\/instances\/web/);
    await gast('profile remove web small');
    await gast('profile delete small');
    assert.equal(await gast('snapshot create web s1'), 's1\n');
    assert.match(await gast('snapshot list web -f csv'), /^s1,/);
    assert.equal(await gast('copy web/s1 twin'), 'twin\n');
    assert.match(await gast('publish twin --alias published'), /fingerprint [0-9a-f]{64}/);
    const exported = (await gast(['image', 'export', 'published', `${work}/`])).trim();
    await gast('image delete published');
    await gast(['image', 'import', exported, '--alias', 'again']);
    assert.match(await gast('image list -f csv'), /^again,/m);
    await gast('image alias rename again third');
    assert.match(await gast('image info third'), /Aliases: third/);
    await gast('snapshot delete web s1');
  });

  await t.test('states, in groups, with every failure named', async () => {
    await gast('start twin');
    await gast('pause web twin');
    assert.equal(await gast('list -c s -f csv'), 'FROZEN\nFROZEN\n');
    await gast('resume --all');
    const stopped = await refused('stop -f web nothere');
    assert.equal(stopped.code, 1);
    assert.equal(stopped.stderr.match(/^Error: /gm)?.length, 1, stopped.stderr);
    assert.match(stopped.stderr, /Error: nothere: Instance not found/);
    await gast('wait web --state stopped --timeout 10');
    for (const verb of ['start', 'restart -f']) {
      const changed = await refused(`${verb} web nothere`);
      assert.equal(changed.code, 1, verb);
      assert.match(changed.stderr, /Error: nothere: Instance not found/);
    }
    await gast('stop -f web');
    await gast('rename web www');
    assert.equal((await refused('delete twin')).code, 1);
    await gast('delete -f twin www');
    assert.equal(await gast('list -f csv'), '');
  });

  await t.test('the server tells about itself', async () => {
    assert.match(await gast('version'), /Client version: [\d.]+\nServer version: [\d.]+/);
    for (const words of [
      'network list',
      'storage list',
      'project list',
      'operation list',
      'storage info default',
      'info',
    ])
      await gast(words);
    const doctor = await refused('doctor -f json');
    assert.ok(Array.isArray(JSON.parse(doctor.stdout)), doctor.stderr);
  });

  await t.test('wrong words, an unknown image and an absent daemon have their own exit codes', async () => {
    assert.equal((await refused('lauch')).code, 2);
    assert.match((await refused('launch nonsense')).stderr, /Error: Image "nonsense" not found\n {2}try: /);
    const away = await runGast({ ...daemon.env, GASTHOF_DIR: '/nonexistent' }, ['list']);
    assert.equal(away.code, 3);
    // An ordinary user's own daemon is started for that; nobody may make this directory.
    const expected = asUser
      ? /Your daemon did not start[\s\S]*'\/nonexistent'/
      : /daemon is not running for \/nonexistent/;
    assert.match(away.stderr, expected);
  });
});
