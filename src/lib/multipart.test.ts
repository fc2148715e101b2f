import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { FormBroken, joinMultipart, splitMultipart } from './multipart.ts';

const names = { first: 'metadata', second: 'rootfs' };
const head = (name: string) => `Content-Disposition: form-data; name="${name}"; filename="x.tar"\r\n\r\n`;
const form = (first: string, second: string) =>
  `--b\r\n${head('metadata')}${first}\r\n--b\r\n${head('rootfs.img')}${second}\r\n--b--\r\n`;

function split(chunks: Iterable<string | Buffer>, type = 'multipart/form-data; boundary=b'): Promise<[string, string]> {
  const source = Readable.from([...chunks].map((chunk) => Buffer.from(chunk)));
  return splitMultipart(
    source,
    type,
    async ({ metadata, rootfs }) => {
      assert.ok(metadata && rootfs);
      const first = String(await buffer(metadata));
      return [first, String(await buffer(rootfs))];
    },
    names,
  );
}

test('two parts come out as they went in, wherever the stream is cut', async () => {
  const [first, second] = ['one\r\n--\r\n-', '\r\n--a two --b'];
  const whole = form(first, second);
  for (let at = 1; at < whole.length; at++)
    assert.deepEqual(await split([whole.slice(0, at), whole.slice(at)]), [first, second], `cut at ${at}`);
  assert.deepEqual(await split(whole), [first, second], 'byte by byte');
});

test('a boundary may be quoted, parts may be empty', async () => {
  assert.deepEqual(await split([form('', '')], 'multipart/form-data; boundary="b"'), ['', '']);
});

test('names without quotes are understood', async () => {
  const part = (name: string, data: string) =>
    `--b\r\nContent-Disposition: form-data; name=${name};\r\n\r\n${data}\r\n`;
  assert.deepEqual(await split([`${part('metadata', 'one')}${part('rootfs', 'two')}--b--\r\n\r\n`]), ['one', 'two']);
});

for (const [what, body, reason] of [
  ['no boundary line', 'x', /cut off/],
  ['nothing', '', /cut off/],
  ['one part only', `--b\r\n${head('metadata')}x\r\n--b--\r\n`, /ends without the part "rootfs"/],
  ['parts in the wrong order', `--b\r\n${head('rootfs')}x\r\n--b--`, /the part "rootfs" where "metadata"/],
  ['a third part', `${form('a', 'b').slice(0, -4)}\r\n${head('more')}`, /the part "more" where its end/],
  ['an end in the middle', form('one', 'two').slice(0, -12), /cut off/],
  ['a header without an end', `--b\r\n${'x'.repeat(20_000)}`, /header that does not end/],
] as const)
  test(`refused: ${what}`, async () => {
    await assert.rejects(split([body]), (error) => error instanceof FormBroken && reason.test(error.message));
  });

test('a form without a boundary in its type is refused', async () => {
  await assert.rejects(split(['x'], 'multipart/form-data'), /no boundary/);
});

test('a refused form leaves its source open, so that a refusal can still be sent', async () => {
  const source = Readable.from([Buffer.from(`--b\r\n${head('other')}`), Buffer.from('rest')]);
  await assert.rejects(
    splitMultipart(source, 'multipart/form-data; boundary=b', ({ metadata }) => buffer(metadata as Readable), names),
  );
  assert.equal(source.destroyed, false);
});

test('what is joined can be split again', async () => {
  const files = [
    { field: 'metadata', filename: 'a.tar', content: () => Readable.from([Buffer.from('one')]) },
    { field: 'rootfs', filename: 'b.tar', content: () => Readable.from([Buffer.from('two')]) },
  ];
  const { contentType, body } = joinMultipart(files);
  assert.deepEqual(await split([await buffer(body)], contentType), ['one', 'two']);
});
