/** Two servers in one process that reach each other, and the requests by which clients copy between them. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Operation } from '../../src/api/resources/operations.ts';
import type { InstanceDoc } from '../../src/core/model.ts';
import { addImage, caller, type Life, live } from './house.ts';

export type Two = AsyncDisposable & { here: Life; there: Life };

export const origins = { here: 'https://here:8443', there: 'https://there:8443' };

/** Two servers that reach each other. */
export async function two(): Promise<Two> {
  await using parts = new AsyncDisposableStack();
  const here = parts.use(await live());
  const there = parts.use(await live());
  const stranger = { ...caller, protocol: 'tls' as const, trusted: false };
  for (const [life, other, origin] of [
    [here, there, origins.there],
    [there, here, origins.here],
  ] as const)
    life.world.remotes.set(origin, {
      certificate: other.house.ownCertificate().certificate,
      connect: () => other.server.connect(stranger),
    });
  await addImage(here, 'base');
  const whole = parts.move();
  return { here, there, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

export const docOf = (life: Life, name: string) =>
  life.house.documents.list<InstanceDoc>('instances/').find((doc) => doc.name === name) as InstanceDoc;

export async function file(life: Life, instance: string, name: string, text?: string): Promise<string> {
  const { id, pool } = docOf(life, instance);
  const target = join(life.world.mountDirectory, 'look');
  const volumes = life.house.pools.get(pool)?.volumes;
  await volumes?.mount(id, target, {});
  try {
    if (text !== undefined) writeFileSync(join(target, name), text);
    return readFileSync(join(target, name), 'utf8');
  } finally {
    await volumes?.unmount(target);
  }
}

export async function start(life: Life, method: string, url: string, body: unknown): Promise<Operation> {
  const reply = await life.call(method, url, body);
  assert.equal(reply.status, 202, reply.text);
  return reply.json().metadata as Operation;
}

export const ended = async (life: Life, { id }: Operation) => life.get<Operation>(`/1.0/operations/${id}/wait`);

/** As `incus copy --mode pull` does it. */
export async function pull(
  { here, there }: Two,
  body: Record<string, unknown>,
  more: { source?: object; secrets?: object; request?: object } = {},
): Promise<[source: Operation, target: Operation]> {
  const going = await start(here, 'POST', '/1.0/instances/c1', { migration: true, live: false, ...more.request });
  const source = {
    type: 'migration',
    mode: 'pull',
    operation: `${origins.here}/1.0/operations/${going.id}`,
    certificate: here.house.ownCertificate().certificate,
    secrets: { ...(going.metadata as object), ...more.secrets },
    ...more.source,
  };
  const reply = await there.call('POST', '/1.0/instances', { ...body, source });
  assert.equal(reply.status, 202, reply.text);
  const target = await ended(there, reply.json().metadata as Operation);
  return [await ended(here, going), target];
}
