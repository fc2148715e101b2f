/** What the server tells of itself: resources, metrics, warnings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resources } from '../../src/api/resources/host-resources.ts';
import type { Warning } from '../../src/api/resources/warnings.ts';
import { addImage, fromImage, live } from './house.ts';

test('resources tell processors, memory and load of this host', async () => {
  await using life = await live();
  const { cpu, memory, load } = await life.get<Resources>('/1.0/resources');
  assert.ok(cpu.total >= 1 && (cpu.sockets[0]?.cores.length ?? 0) >= 1);
  assert.ok(memory.total > memory.used && memory.used > 0);
  assert.ok(load.Processes > 0);
});

test('metrics count running guests under the names of Incus, with name, project and type (T15, J07)', async () => {
  await using life = await live();
  await addImage(life, 'base');
  await life.must('POST', '/1.0/instances', fromImage('web', { start: true }));
  await life.must('POST', '/1.0/instances', fromImage('off'));
  const text = (await life.call('GET', '/1.0/metrics')).text;
  assert.match(text, /^# TYPE incus_cpu_seconds_total counter$/m);
  assert.match(
    text,
    /^incus_cpu_seconds_total\{cpu="0",mode="user",name="web",project="default",type="container"\} 0\.0006$/m,
  );
  assert.match(text, /^incus_memory_MemTotal_bytes\{name="web",.*\} \d+$/m);
  assert.match(text, /^incus_uptime_seconds [\d.]+$/m);
  assert.match(text, /\n# EOF\n$/);
  assert.doesNotMatch(text, /name="off"/);
});

test('a warning is counted when it comes again, can be acknowledged, and goes when its cause has gone', async () => {
  await using life = await live();
  const { warnings } = life.house;
  const problem = {
    kind: 'Pool not opened',
    entity: '/1.0/storage-pools/p',
    severity: 'high',
    message: 'gone',
  } as const;
  await warnings.raise(problem);
  await warnings.raise({ ...problem, message: 'still gone' });
  const [first] = await life.get<Warning[]>('/1.0/warnings?recursion=1');
  assert.deepEqual(
    [first?.type, first?.count, first?.last_message, first?.status, first?.entity_url],
    ['Pool not opened', 2, 'still gone', 'new', '/1.0/storage-pools/p'],
  );
  const url = `/1.0/warnings/${first?.uuid}`;
  assert.equal((await life.call('PUT', url, { status: 'acknowledged' })).status, 200);
  assert.equal((await life.call('PUT', url, { status: 'resolved' })).status, 400);
  await warnings.raise(problem);
  assert.equal((await life.get<Warning>(url)).status, 'acknowledged');
  await warnings.resolve(problem.kind, problem.entity);
  assert.equal((await life.get<Warning>(url)).status, 'resolved');
  await warnings.raise(problem);
  assert.equal((await life.get<Warning>(url)).status, 'new');
  assert.equal((await life.call('DELETE', url)).status, 200);
  assert.equal((await life.call('GET', url)).status, 404);
});
