/** The first guest, on real parts: launched, looked at, stopped, started again, deleted, by the API alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InstanceFull } from '../../src/api/resources/instances.ts';
import { importImage, lacking, launch, startDaemon } from '../daemon.ts';

test('a systemd guest is launched, has its address at once, halts, starts again and is deleted (A14, A20, A22)', {
  skip: lacking(),
}, async () => {
  await using daemon = await startDaemon();
  const { client } = daemon;
  await importImage(daemon, 'debian12', 'debian/12');
  await launch(daemon, 'web', 'debian/12');
  const web = (await client.call('GET /1.0/instances/{name}', {
    params: { name: 'web' },
    query: { recursion: '1' },
  })) as InstanceFull;
  assert.equal(web.status, 'Running');
  const addresses = web.state?.network?.eth0?.addresses ?? [];
  assert.ok(
    addresses.some((address) => address.family === 'inet' && address.scope === 'global'),
    JSON.stringify(addresses),
  );
  assert.ok(
    addresses.some((address) => address.family === 'inet6' && address.scope === 'global'),
    JSON.stringify(addresses),
  );
  const change = (action: string) =>
    client.operation('PUT /1.0/instances/{name}/state', { params: { name: 'web' }, body: { action, timeout: 30 } });
  await change('stop');
  await change('start');
  await change('freeze');
  await change('unfreeze');
  await assert.rejects(client.operation('DELETE /1.0/instances/{name}', { params: { name: 'web' } }), {
    code: 'instance.running',
  });
  await change('restart');
  await change('stop');
  await client.operation('DELETE /1.0/instances/{name}', { params: { name: 'web' } });
  assert.deepEqual(await client.call('GET /1.0/instances'), []);
});
