/** What an instance knows from its image goes with it to another server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromImage, type Life } from './house.ts';
import { pull, two } from './two-servers.ts';

test('what the image said travels, and each snapshot has its own', async () => {
  await using servers = await two();
  const { here, there } = servers;
  await here.must('POST', '/1.0/instances', fromImage('c1'));
  type Metadata = { properties: Record<string, string>; templates: Record<string, unknown> };
  const of = (life: Life, name: string) => life.get<Metadata>(`/1.0/instances/${name}/metadata`);
  const say = async (word: string) => {
    await here.call('POST', '/1.0/instances/c1/metadata/templates?path=hosts.tpl', Buffer.from(word));
    const metadata = await of(here, 'c1');
    const hosts = { when: ['create'], create_only: false, template: 'hosts.tpl', properties: {} };
    const change = { ...metadata, properties: { word }, templates: { '/etc/hosts': hosts } };
    await here.call('PUT', '/1.0/instances/c1/metadata', change);
  };
  const text = async (life: Life, name: string) =>
    (await life.call('GET', `/1.0/instances/${name}/metadata/templates?path=hosts.tpl`)).text;
  await say('old');
  await here.must('POST', '/1.0/instances/c1/snapshots', { name: 's0' });
  await say('new');
  const [source, target] = await pull(servers, { name: 'c2' });
  assert.equal(target.err + source.err, '');
  assert.deepEqual(await of(there, 'c2'), await of(here, 'c1'));
  assert.equal(await text(there, 'c2'), 'new');
  await say('fresh');
  await here.must('POST', '/1.0/instances/c1/snapshots', { name: 's1' });
  const refreshed = await pull(servers, { name: 'c2' }, { source: { refresh: true } });
  assert.equal(refreshed[0].err + refreshed[1].err, '');
  assert.deepEqual((await of(there, 'c2')).properties, { word: 'fresh' });
  for (const [snapshot, word] of [
    ['s1', 'fresh'],
    ['s0', 'old'],
  ] as const) {
    await there.must('PUT', '/1.0/instances/c2', { restore: snapshot });
    assert.deepEqual((await of(there, 'c2')).properties, { word });
    assert.equal(await text(there, 'c2'), word);
  }
});
