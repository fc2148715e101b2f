/** Who may use an instance, as `incus info --show-access` tells it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CertificateDoc, keys } from '../../src/core/model.ts';
import { addImage, fromImage, live } from './house.ts';

test('access: certificates of everything and of this project, not those of others or of the metrics', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web'));
  const add = (fingerprint: string, rest: Partial<CertificateDoc>) =>
    life.house.documents.put(keys.certificate(fingerprint), {
      ...{ fingerprint, name: fingerprint, type: 'client', restricted: false, projects: [] },
      ...{ certificate: '', description: '' },
      ...rest,
    } satisfies CertificateDoc);
  await add('aa', {});
  await add('bb', { restricted: true, projects: ['default'] });
  await add('cc', { restricted: true, projects: ['other'] });
  await add('dd', { type: 'metrics' });
  assert.deepEqual(await life.get('/1.0/instances/web/access'), [
    { identifier: 'aa', role: 'admin', provider: 'tls' },
    { identifier: 'bb', role: 'operator', provider: 'tls' },
  ]);
  assert.equal((await life.call('GET', '/1.0/instances/none/access')).status, 404);
});
