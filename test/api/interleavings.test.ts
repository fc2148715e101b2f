/** Many clients at once do what excludes each other; whatever the order was, the documents fit together afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileDoc, VolumeBackupDoc, VolumeDoc, VolumeSnapshotDoc } from '../../src/core/model.ts';
import {
  type AclDoc,
  type BackupDoc,
  type ImageDoc,
  type InstanceDoc,
  keys,
  type SnapshotDoc,
} from '../../src/core/model.ts';
import { nicSpecs } from '../../src/core/networks/nics.ts';
import { createRandom, type Random, seed } from './fuzz/random.ts';
import { addImage, fromImage, type Life, live } from './house.ts';

const rounds = 200;
/** Requests that are on their way together. */
const together = 12;
const patienceMs = 20_000;

type Ask = { method: string; url: string; body?: unknown };

const project = (random: Random) => random.pick(['', '', '', '?project=shop']);
const guest = (random: Random) => `/1.0/instances/${random.pick(['a', 'b', 'c'])}`;
const volumes = '/1.0/storage-pools/default/volumes/custom';
const volume = (random: Random) => `${volumes}/${random.pick(['v', 'w'])}`;
const disk = (random: Random) => ({ type: 'disk', pool: 'default', source: random.pick(['v', 'w']), path: '/mnt' });
const name = (random: Random) => random.pick(['a', 'b', 'c']);

/** What clients do; each entry is as likely as the others. */
const asks: readonly ((random: Random) => Ask)[] = [
  (r) => ({ method: 'POST', url: `/1.0/instances${project(r)}`, body: fromImage(name(r), { start: r.once(2) }) }),
  (r) => ({
    method: 'POST',
    url: `/1.0/instances${project(r)}`,
    body: fromImage(name(r), { devices: { data: disk(r) } }),
  }),
  (r) => ({
    method: 'POST',
    url: '/1.0/instances',
    body: { name: name(r), source: { type: 'copy', source: name(r) } },
  }),
  (r) => ({ method: 'DELETE', url: guest(r) + project(r) }),
  (r) => ({
    method: 'PUT',
    url: `${guest(r)}/state`,
    body: { action: r.pick(['start', 'stop', 'restart']), force: true },
  }),
  (r) => ({ method: 'POST', url: guest(r), body: { name: name(r) } }),
  (r) => ({
    method: 'POST',
    url: guest(r),
    body: { name: name(r), migration: true, project: r.pick(['shop', 'default']) },
  }),
  (r) => ({ method: 'POST', url: `${guest(r)}/snapshots`, body: { name: r.pick(['s0', 's1']) } }),
  (r) => ({ method: 'DELETE', url: `${guest(r)}/snapshots/s0` }),
  (r) => ({ method: 'PUT', url: guest(r), body: { restore: 's0' } }),
  (r) => ({ method: 'POST', url: `${guest(r)}/backups`, body: { name: 'b0' } }),
  (r) => ({ method: 'DELETE', url: `${guest(r)}/backups/b0` }),
  (r) => ({ method: 'POST', url: `${guest(r)}/exec`, body: { command: ['true'], 'wait-for-websocket': false } }),
  (r) => ({ method: 'PATCH', url: guest(r), body: { devices: { data: disk(r) } } }),
  (r) => ({ method: 'PATCH', url: guest(r), body: { profiles: r.pick([['default'], ['default', 'p']]) } }),
  (r) => ({ method: 'POST', url: `${guest(r)}/rebuild`, body: { source: { type: 'image', alias: 'base' } } }),
  (r) => ({ method: 'POST', url: volumes + project(r), body: { name: r.pick(['v', 'w']) } }),
  (r) => ({
    method: 'POST',
    url: volumes,
    body: { name: r.pick(['v', 'w']), source: { type: 'copy', name: 'v', pool: 'default' } },
  }),
  (r) => ({ method: 'DELETE', url: volume(r) + project(r) }),
  (r) => ({ method: 'POST', url: volume(r), body: { name: r.pick(['v', 'w']) } }),
  (r) => ({ method: 'POST', url: volume(r), body: { name: 'v', project: 'shop', pool: 'default' } }),
  (r) => ({ method: 'POST', url: `${volume(r)}/snapshots`, body: { name: 's0' } }),
  (r) => ({ method: 'PUT', url: volume(r), body: { restore: 's0' } }),
  (r) => ({ method: 'POST', url: `${volume(r)}/backups`, body: { name: 'b0' } }),
  () => ({ method: 'POST', url: '/1.0/projects', body: { name: 'shop' } }),
  (r) => ({ method: 'DELETE', url: `/1.0/projects/shop${r.pick(['', '?force=1'])}` }),
  (r) => ({ method: 'POST', url: `/1.0/profiles${project(r)}`, body: { name: 'p' } }),
  (r) => ({ method: 'DELETE', url: `/1.0/profiles/p${project(r)}` }),
  () => ({ method: 'POST', url: '/1.0/profiles/p', body: { name: 'q' } }),
  (r) => ({
    method: 'POST',
    url: `/1.0/images${project(r)}`,
    body: { source: { type: 'instance', name: name(r) }, aliases: [{ name: 'made' }] },
  }),
  () => ({ method: 'DELETE', url: '/1.0/images/aliases/made' }),
  () => ({ method: 'POST', url: '/1.0/network-acls', body: { name: 'wall' } }),
  () => ({ method: 'DELETE', url: '/1.0/network-acls/wall' }),
  (r) => ({
    method: 'PATCH',
    url: '/1.0/networks/gastbr0',
    body: { config: { 'security.acls': r.pick(['wall', '']) } },
  }),
];

/** What has to hold whenever nothing is on its way. Gives what is wrong. */
function faults({ house: { documents } }: Life): string[] {
  const found: string[] = [];
  const check = (holds: boolean, fault: string) => holds || found.push(fault);
  const guests = documents.list<InstanceDoc>('instances/');
  const ids = new Set(guests.map(({ id }) => id));
  const custom = documents.list<VolumeDoc>('volumes/');
  const volumeIds = new Set(custom.map(({ id }) => id));
  const projects = new Set(['default', ...documents.list<{ name: string }>('projects/').map((doc) => doc.name)]);
  const unique = (kind: string, names: readonly string[]) =>
    check(new Set(names).size === names.length, `two ${kind} alike: ${[...names].sort().join(' ')}`);

  for (const doc of documents.list<SnapshotDoc>('snapshots/'))
    check(ids.has(doc.instance), `snapshot of none: ${doc.name}`);
  for (const doc of documents.list<BackupDoc>('backups/')) check(ids.has(doc.instance), `backup of none: ${doc.name}`);
  for (const doc of documents.list<VolumeSnapshotDoc>('volume-snapshots/'))
    check(volumeIds.has(doc.volume), `snapshot of no volume: ${doc.name}`);
  for (const doc of documents.list<VolumeBackupDoc>('volume-backups/'))
    check(volumeIds.has(doc.volume), `backup of no volume: ${doc.name}`);
  unique(
    'guests',
    guests.map((doc) => `${doc.project}/${doc.name}`),
  );
  unique(
    'volumes',
    custom.map((doc) => `${doc.project}/${doc.pool}/${doc.name}`),
  );
  unique(
    'id ranges',
    guests.map(({ idBase }) => String(idBase)),
  );
  for (const { id } of guests)
    unique(
      'snapshots',
      documents.list<SnapshotDoc>(keys.snapshotsOf(id)).map((doc) => doc.name),
    );
  const owned = [
    ...guests,
    ...custom,
    ...documents.list<ProfileDoc>('profiles/'),
    ...documents.list<ImageDoc>('images/'),
  ];
  for (const doc of owned) check(projects.has(doc.project), `${JSON.stringify(doc).slice(0, 80)} is in no project`);
  for (const doc of guests) {
    check(['stopped', 'running'].includes(doc.phase), `${doc.name} stays ${doc.phase}`);
    for (const profile of doc.profiles)
      check(
        documents.get(keys.profile(profileProject(documents, doc.project), profile)) !== undefined,
        `${doc.name} has no profile ${profile}`,
      );
    const source = doc.devices.data?.source;
    check(source === undefined || custom.some((one) => one.name === source), `${doc.name} has no volume ${source}`);
  }
  const acls = documents.list<AclDoc>('network-acls/').map((doc) => doc.name);
  for (const { config } of documents.list<{ config: Record<string, string> }>('networks/'))
    check(
      !config['security.acls'] || acls.includes(config['security.acls']),
      `no access list ${config['security.acls']}`,
    );
  return found;
}

const profileProject = (documents: Life['house']['documents'], project: string) =>
  documents.get<{ config: Record<string, string> }>(keys.project(project))?.config['features.profiles'] === 'true'
    ? project
    : 'default';

/** What the cards of running guests have. Those that stand still get another address when they start, if they have to. */
function addresses({ house }: Life): string[] {
  return house.documents
    .list<InstanceDoc>('instances/')
    .filter(({ phase }) => phase === 'running')
    .flatMap((doc) => nicSpecs(house, doc, () => ''))
    .flatMap(({ hwaddr, ipv4 }) => [hwaddr, ...(ipv4 ? [ipv4.address] : [])]);
}

async function inTime<T>(what: () => string, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it hangs: ${what()}`)), patienceMs);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

test(`what excludes each other is done at once, thousands of times (seed ${seed})`, { timeout: 120_000 }, async (t) => {
  await using life = await live();
  await addImage(life, 'base');
  const random = createRandom(seed + 2);
  const seen = new Map<number, number>();
  const one = async (ask: Ask) => {
    // Some come a little later than others.
    for (let turns = random.below(20); turns > 0; turns--) await new Promise(setImmediate);
    const reply = await life.call(ask.method, ask.url, ask.body);
    seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
    const said = () => `${ask.method} ${ask.url} ${JSON.stringify(ask.body ?? '')}: ${reply.status} ${reply.text}`;
    assert.ok(reply.status < 500, said());
    if (reply.status !== 202) return;
    const ended = await life.call('GET', `${reply.json().operation}/wait`);
    assert.notEqual((ended.json().metadata as { err_code?: string }).err_code, 'internal', said() + ended.text);
  };
  for (let round = 0; round < rounds; round++) {
    const batch = Array.from({ length: together }, () => random.pick(asks)(random));
    const what = () => `round ${round}:\n${batch.map((ask) => JSON.stringify(ask)).join('\n')}`;
    await inTime(what, Promise.all(batch.map(one)));
    await inTime(what, life.house.operations.idle());
    assert.deepEqual(faults(life), [], what());
    const given = addresses(life);
    assert.equal(new Set(given).size, given.length, `an address was given twice: ${given.join(' ')}\n${what()}`);
    assert.deepEqual(life.bugs, [], what());
  }
  t.diagnostic(`${rounds * together} requests, answers by status: ${JSON.stringify(Object.fromEntries(seen))}`);
});
