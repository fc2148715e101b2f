/** Bad input gets the right refusal, in words that name the thing, and changes nothing (Z: what bad input gets). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCatalogue } from '../../src/api/errors.ts';
import type { Operation } from '../../src/api/resources/operations.ts';
import type { InjectReply } from '../../src/http/in-memory.ts';
import { badRequests } from './bad-requests/all.ts';
import type { BadRequest } from './bad-requests/request.ts';
import { furnish } from './furnished.ts';
import { everyDocument, type Life, live } from './house.ts';

/** Status and text of a refusal, whether it comes at once or as a failing operation. */
async function refusal(life: Life, reply: InjectReply): Promise<{ status: number; text: string }> {
  if (reply.status !== 202)
    return { status: reply.status, text: reply.status >= 400 ? reply.json().error : reply.text };
  const ended = (await life.call('GET', `${reply.json().operation}/wait`)).json().metadata as Operation;
  const code = ended.err_code as keyof typeof errorCatalogue | undefined;
  return { status: code ? errorCatalogue[code].status : ended.status_code, text: ended.err || ended.status };
}

function filledIn<T>(value: T, values: Record<string, string>): T {
  if (Buffer.isBuffer(value) || value === undefined) return value;
  const text = JSON.stringify(value).replace(/\{(base|shared)\}/g, (whole) => values[whole] ?? whole);
  return JSON.parse(text) as T;
}

const title = ({ method, url, body }: BadRequest) =>
  `${method} ${url} ${Buffer.isBuffer(body) ? 'bytes' : (JSON.stringify(body) ?? '')}`.slice(0, 110);

test('malformed requests are refused by name, and no document changes', async (t) => {
  await using life = await live();
  const values = await furnish(life);
  const before = await everyDocument(life.world);
  const imagesBefore = await life.world.images.list();
  for (const bad of badRequests)
    await t.test(title(bad), async () => {
      const reply = await life.call(bad.method, filledIn(bad.url, values), filledIn(bad.body, values), bad.headers);
      const seen = await refusal(life, reply);
      assert.match(seen.text, bad.says);
      assert.equal(seen.status, bad.status, seen.text);
      assert.deepEqual(await everyDocument(life.world), before);
    });
  assert.deepEqual(await life.world.images.list(), imagesBefore, 'no files of refused images are left');
  assert.deepEqual(life.bugs, []);
  assert.ok(badRequests.length >= 450);
});
