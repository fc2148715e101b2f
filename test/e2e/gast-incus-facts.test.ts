/** `gast` and `incus` say the same about the same things: both ask one daemon, and their answers are held side by side. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { importImage, startDaemon } from '../daemon.ts';
import { foreignClients, lackingClients } from './foreign/clients.ts';
import { runGast } from './gast.ts';

const things = [
  'network create lab0 ipv4.address=10.77.1.1/24 ipv6.address=none --description lab',
  'network acl create web --description Web',
  'network acl rule add web ingress action=allow protocol=tcp destination_port=80,443 --description http',
  'network acl rule add web egress action=reject destination=10.0.0.0/8',
  'network forward create lab0 192.0.2.10 --description front',
  'network forward port add lab0 192.0.2.10 tcp 8079,8080 10.77.1.5 8000,8001',
  'storage volume create default data user.owner=ops --description Data',
  'storage volume snapshot create default data v1',
  'project create shop -c features.networks=false --description Shop',
  'profile create small --description Small',
  'profile set small limits.memory=64MiB',
  'launch bb web2 -c limits.memory=64MiB -c user.tag=prod --description Web',
  'init bb web10 -n lab0 -p default -p small',
  'snapshot create web2 s1',
  'image alias create other bb --description Other',
];

/** Rows: the same cells in the same order. */
const lists = [
  'list',
  'list -c nsa46tSNPpubFfdU',
  'list -c n,limits.memory,user.tag:TAG',
  'list --fast',
  'list --all-projects -c en',
  'list web1',
  'network list',
  'network list -c nu',
  'network acl list',
  'network forward list lab0',
  'network list-allocations',
  'network list-leases lab0',
  'storage list',
  'storage list -c nDSus',
  'storage volume list default',
  'storage volume list default -c tn',
  'storage volume snapshot list default data',
  'snapshot list web2',
  'image list',
  'image list -c lFpt',
  'image alias list',
  'profile list',
  'profile list --all-projects',
  'project list',
  'project info default',
  // gast adds the message to the columns that it shows by itself.
  'warning list -c utSscpl',
  'operation list',
  'config trust list',
];

/** Objects: whatever incus shows, gast shows with the same value. */
const objects = [
  'config show web2',
  'config show web2 --expanded',
  'config show web10',
  'config show',
  'config device show web10',
  'config metadata show web2',
  'network show lab0',
  'network acl show web',
  'network forward show lab0 192.0.2.10',
  'storage show default',
  'storage volume show default data',
  'storage volume show default container/web2',
  'snapshot show web2 s1',
  'image show bb',
  'profile show default',
  'profile show small',
  'profile device show default',
  'project show shop',
  'project show default',
];

/** Single values and names: the same text. */
const words = [
  'config get web2 limits.memory',
  'config get web2 volatile.base_image',
  'config get web10 limits.memory',
  'config device list web10',
  'config device get web10 eth0 network',
  'network get lab0 ipv4.address',
  'network acl get web user.none',
  'network forward get lab0 192.0.2.10 target_address',
  'storage get default source',
  'storage volume get default data user.owner',
  'profile get small limits.memory',
  'profile device list default',
  'project get shop features.networks',
  'project get-current',
  'image get-property bb description',
  'exec web2 -- hostname',
  'file pull web2/etc/hostname -',
];

test('gast and incus show the same facts (F01)', { skip: lackingClients('incus'), timeout: 400_000 }, async (t) => {
  await using daemon = await startDaemon();
  using foreign = foreignClients(daemon);
  await importImage(daemon, 'busybox', 'bb');
  const gast = async (line: string) => {
    const ended = await runGast(daemon.env, line.split(' '));
    assert.equal(ended.code, 0, `gast ${line}: ${ended.stderr}`);
    return ended.stdout;
  };
  const both = async (line: string) => {
    const [own, theirs] = await Promise.all([gast(line), foreign.incus.run(line.split(' '))]);
    return { own, theirs };
  };
  for (const line of things) await gast(line);

  for (const line of lists) {
    await t.test(`${line} -f csv`, async () => {
      // Operations that have ended are listed for some seconds more: one list may still have what the other has no longer.
      for (const deadline = Date.now() + 20_000; ; await setTimeout(200)) {
        const { own, theirs } = await both(`${line} -f csv`);
        // Incus writes a blank for "never".
        const same = own === theirs.replaceAll('" "', '');
        if (!same && line === 'operation list' && Date.now() < deadline) continue;
        assert.equal(own, theirs.replaceAll('" "', ''));
        return;
      }
    });
  }
  for (const line of objects) {
    await t.test(line, async () => {
      const { own, theirs } = await both(line);
      const [shown, wanted] = [parse(own, sameTimes), parse(theirs, sameTimes)] as Record<string, unknown>[];
      for (const [field, value] of Object.entries(wanted ?? {}))
        assert.deepEqual(unordered(shown?.[field]), unordered(value), field);
    });
  }
  for (const line of words) {
    await t.test(line, async () => {
      const { own, theirs } = await both(line);
      // Incus lists names of maps in any order.
      assert.deepEqual(own.trim().split(/\s+/).sort(), theirs.trim().split(/\s+/).sort());
    });
  }
  for (const noun of ['network', 'storage', 'profile', 'project', 'image', 'network acl']) {
    await t.test(`${noun} list -f json`, async () => {
      const { own, theirs } = await both(`${noun} list -f json`);
      assert.deepEqual(JSON.parse(own, sameTimes), JSON.parse(theirs, sameTimes));
    });
  }
  await t.test('query /1.0/instances', async () => {
    const { own, theirs } = await both('query /1.0/instances');
    assert.deepEqual(JSON.parse(own), JSON.parse(theirs));
  });
  await t.test('list -f json, but for what changes while one looks', async () => {
    const { own, theirs } = await both('list -f json');
    assert.deepEqual(still(own), still(theirs));
  });

  await t.test('what gast changes, incus shows; what incus changes, gast shows', async () => {
    const acl = async () =>
      parse(await foreign.incus.run(['network', 'acl', 'show', 'web'])) as Record<string, unknown[]>;
    await gast('network acl rule remove web ingress action=allow');
    assert.deepEqual((await acl()).ingress, []);
    await foreign.incus.run('network acl rule add web ingress action=drop source=10.9.0.0/16'.split(' '));
    assert.match(
      await gast('network acl show web'),
      /ingress:\n- action: drop\n {2}source: 10\.9\.0\.0\/16|- .*\n.*drop/,
    );
    await gast('network acl rename web shop');
    assert.equal((await acl().catch(() => undefined)) === undefined, true);
    await gast('network acl delete shop');
    await gast('network forward port remove lab0 192.0.2.10 tcp 8079,8080');
    assert.match(await foreign.incus.run('network forward list lab0 -f csv'.split(' ')), /^192\.0\.2\.10,front,,0\n$/);
    await foreign.incus.run('network forward set lab0 192.0.2.10 user.note=10.77.1.7'.split(' '));
    assert.equal(await gast('network forward get lab0 192.0.2.10 user.note'), '10.77.1.7\n');
    await gast('network forward unset lab0 192.0.2.10 user.note');
    await gast('network forward delete lab0 192.0.2.10');
    assert.equal(await foreign.incus.run('network forward list lab0 -f csv'.split(' ')), '');
  });

  await t.test('NICs are plugged, unplugged and networks renamed as by incus', async () => {
    await gast('network attach lab0 web2 lab eth1');
    assert.equal(
      await foreign.incus.run('config device show web2'.split(' ')),
      'lab:\n  name: eth1\n  network: lab0\n  type: nic\n',
    );
    await gast('network detach lab0 web2');
    await gast('network attach-profile lab0 small');
    assert.match(await foreign.incus.run('profile device show small'.split(' ')), /^lab0:\n {2}network: lab0/);
    await gast('network detach-profile lab0 small');
    assert.equal((await runGast(daemon.env, ['network', 'detach', 'lab0', 'web2'])).code, 2);
    await gast('delete web10');
    await gast('network rename lab0 lab1');
    assert.match(await foreign.incus.run('network list -f csv -c n'.split(' ')), /^lab1$/m);
  });

  await t.test('top without a terminal, resources, query and the admin commands', async () => {
    assert.match(await gast('top -f compact'), /^NAME +CPU USAGE.*\nweb2 /);
    assert.match(await gast('info --resources'), /^CPUs: \d+, x86_64|aarch64$/m);
    assert.equal(
      await gast('query --raw /1.0/projects/nothing').catch((error: Error) => /not found/i.test(error.message)),
      true,
    );
    assert.equal(await gast('query -X PATCH -d {"description":"D"} --wait /1.0/profiles/small'), '{}\n');
    assert.equal(await gast('profile get small -p description'), 'D\n');
    assert.match(await gast('query /1.0/metrics'), /^incus_cpu_seconds_total/m);
    await gast('admin waitready --timeout 5');
    await gast('admin shutdown --timeout 60');
    assert.equal((await runGast(daemon.env, ['admin', 'waitready', '--timeout', '1'])).code, 4);
    await daemon.end();
    await daemon.start();
    assert.match(await gast('list -c ns -f csv'), /^web2,RUNNING$/m);
  });
});

/** Lists of things that use something have no order, neither have fields. */
const unordered = (value: unknown) =>
  Array.isArray(value) ? value.map((one) => stringify(one, sortedFields)).sort() : value;
const sortedFields = { sortMapEntries: true };

type Listed = Record<string, unknown> & { snapshots: Record<string, unknown>[] | null };

/** Gasthof also keeps what a snapshot is described as. */
const still = (text: string) =>
  (JSON.parse(text, sameTimes) as Listed[]).map((instance) => ({
    ...instance,
    state: undefined,
    snapshots: instance.snapshots?.map((snapshot) => ({ ...snapshot, description: undefined })),
  }));

/** Go leaves zeros at the end of a second out. */
const sameTimes = (_key: unknown, value: unknown) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? new Date(value).toISOString() : value;
