/** Certificates that are confined to projects (I03). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addImage, fromImage, live } from './house.ts';
import { entry, errorOf, open, token } from './trust-fixture.ts';

test('a restricted certificate is confined to its projects', async () => {
  await using life = await live();
  const { client } = await open(life);
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web'));
  using mine = client();
  using nowhere = client();
  await mine.call(
    'POST',
    '/1.0/certificates',
    entry((await token(life, { restricted: true, projects: ['default'] })).text),
  );
  await nowhere.call('POST', '/1.0/certificates', entry((await token(life, { restricted: true, name: 'n' })).text));

  const allowed: [string, string, unknown?][] = [
    ['GET', '/1.0'],
    ['GET', '/1.0/instances'],
    ['GET', '/1.0/instances/web'],
    ['GET', '/1.0/networks'],
    ['GET', '/1.0/storage-pools'],
    ['GET', '/1.0/profiles'],
    ['GET', '/1.0/images'],
    ['GET', '/1.0/projects'],
    ['GET', '/1.0/operations'],
    ['PATCH', '/1.0/instances/web', { description: 'x' }],
  ];
  for (const [method, path, body] of allowed)
    assert.equal((await mine.call(method, path, body)).status, 200, `${method} ${path}`);
  const server = (await mine.call('GET', '/1.0')).json.metadata as { auth: string; config: unknown };
  assert.deepEqual([server.auth, server.config], ['trusted', {}]);

  const refused: [string, string, unknown?][] = [
    ['PUT', '/1.0', { config: {} }],
    ['POST', '/1.0/networks', { name: 'n1' }],
    ['POST', '/1.0/storage-pools', { name: 'p1', driver: 'dir' }],
    ['DELETE', '/1.0/storage-pools/default'],
    ['POST', '/1.0/certificates', { name: 'x', token: true }],
    ['POST', '/1.0/certificates', { name: 'x', certificate: nowhere.certificate }],
    ['DELETE', `/1.0/certificates/${mine.fingerprint}`],
    ['PATCH', `/1.0/certificates/${mine.fingerprint}`, { restricted: false }],
    ['PATCH', `/1.0/certificates/${mine.fingerprint}`, { projects: ['default', 'other'] }],
    ['GET', '/1.0/instances?all-projects=true'],
    ['GET', '/1.0/instances?project=other'],
    ['PUT', '/internal/shutdown'],
  ];
  for (const [method, path, body] of refused) {
    const reply = await mine.call(method, path, body);
    assert.ok([403, 404].includes(reply.status), `${method} ${path}: ${reply.status}`);
    if (!path.includes('PATCH')) assert.notEqual(reply.status, 200);
  }
  assert.deepEqual((await mine.call('GET', '/1.0/certificates')).json.metadata, [
    `/1.0/certificates/${mine.fingerprint}`,
  ]);
  assert.equal((await mine.call('GET', `/1.0/certificates/${nowhere.fingerprint}`)).status, 404);

  const none = await nowhere.call('GET', '/1.0/instances');
  assert.deepEqual([none.status, errorOf(none)], [403, 'User does not have permissions for project "default"']);

  using renewed = client();
  const renewal = await mine.call('PATCH', `/1.0/certificates/${mine.fingerprint}`, {
    certificate: renewed.certificate,
  });
  assert.equal(renewal.status, 200, String(errorOf(renewal)));
  assert.equal((await renewed.call('GET', '/1.0/instances')).status, 200);
  assert.equal((await renewed.call('POST', '/1.0/networks', { name: 'n1' })).status, 403);
});

test('a project that is renamed keeps its certificates; one that is deleted does not leave them to a later one', async () => {
  await using life = await live();
  const { client } = await open(life);
  using mine = client();
  assert.equal((await life.call('POST', '/1.0/projects', { name: 'mine' })).status, 201);
  await mine.call(
    'POST',
    '/1.0/certificates',
    entry((await token(life, { restricted: true, projects: ['mine'] })).text),
  );
  assert.deepEqual((await mine.call('GET', '/1.0/projects')).json.metadata, ['/1.0/projects/mine']);
  assert.equal((await mine.call('GET', '/1.0/projects/default')).status, 403);
  await life.must('POST', '/1.0/projects/mine', { name: 'ours' });
  assert.equal((await mine.call('GET', '/1.0/instances?project=ours')).status, 200);
  assert.equal((await life.call('DELETE', '/1.0/projects/ours')).status, 200);
  assert.equal((await life.call('POST', '/1.0/projects', { name: 'ours' })).status, 201);
  assert.equal((await mine.call('GET', '/1.0/instances?project=ours')).status, 403);
});

test('images and profiles of the default project are not changed through a project that uses them', async () => {
  await using life = await live();
  const { client } = await open(life);
  const fingerprint = await addImage(life, 'base');
  using mine = client();
  const config = { 'features.images': 'false', 'features.profiles': 'false' };
  assert.equal((await life.call('POST', '/1.0/projects', { name: 'mine', config })).status, 201);
  await mine.call(
    'POST',
    '/1.0/certificates',
    entry((await token(life, { restricted: true, projects: ['mine'] })).text),
  );
  assert.equal((await mine.call('GET', `/1.0/images/${fingerprint}?project=mine`)).status, 200);
  assert.equal((await mine.call('DELETE', `/1.0/images/${fingerprint}?project=mine`)).status, 403);
  assert.equal((await mine.call('GET', '/1.0/profiles/default?project=mine')).status, 200);
  assert.equal((await mine.call('PATCH', '/1.0/profiles/default?project=mine', { description: 'x' })).status, 403);
});

test('bodies that name another project are refused', async () => {
  await using life = await live();
  const { client } = await open(life);
  await addImage(life, 'base');
  using mine = client();
  for (const name of ['mine', 'theirs'])
    await life.call('POST', '/1.0/projects', {
      name,
      config: { 'features.images': 'false', 'features.profiles': 'false' },
    });
  await life.must('POST', '/1.0/instances?project=theirs', fromImage('secret'));
  await life.must('POST', '/1.0/instances?project=mine', fromImage('web'));
  const { text } = await token(life, { restricted: true, projects: ['mine'] });
  await mine.call('POST', '/1.0/certificates', entry(text));
  const calls: [string, unknown][] = [
    ['/1.0/instances?project=mine', { name: 'x', source: { type: 'copy', source: 'secret', project: 'theirs' } }],
    ['/1.0/instances/web?project=mine', { name: 'web', project: 'theirs' }],
  ];
  for (const [path, body] of calls) {
    const reply = await mine.call('POST', path, body);
    assert.deepEqual(
      [reply.status, errorOf(reply)],
      [403, 'User does not have permissions for project "theirs"'],
      path,
    );
  }
  assert.equal((await mine.call('GET', '/1.0/networks?project=mine')).status, 200);
  assert.equal((await mine.call('GET', '/1.0/networks?project=theirs')).status, 403);
});

test('who is confined sees neither tokens nor operations of other projects', async () => {
  await using life = await live();
  const { client } = await open(life);
  using mine = client();
  await mine.call(
    'POST',
    '/1.0/certificates',
    entry((await token(life, { restricted: true, projects: ['default'] })).text),
  );
  const { operation } = await token(life);
  assert.doesNotMatch(JSON.stringify((await mine.call('GET', '/1.0/operations?recursion=1')).json), /Running/);
  for (const path of ['', '/wait?timeout=0'])
    assert.equal((await mine.call('GET', `/1.0/operations/${operation.id}${path}`)).status, 404);
  assert.equal((await mine.call('DELETE', `/1.0/operations/${operation.id}`)).status, 404);
});
