/** What tests ask of a picture: its size, and whether there is anything on it. */
import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';

export function readPng(picture: Buffer): { size: string; isBlack: boolean } {
  assert.equal(picture.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
  const data: Buffer[] = [];
  let [width, height] = [0, 0];
  for (let at = 8; at < picture.length; at += 12 + picture.readUInt32BE(at)) {
    const kind = picture.toString('latin1', at + 4, at + 8);
    const content = picture.subarray(at + 8, at + 8 + picture.readUInt32BE(at));
    if (kind === 'IHDR') [width, height] = [content.readUInt32BE(0), content.readUInt32BE(4)];
    if (kind === 'IDAT') data.push(content);
  }
  const lines = inflateSync(Buffer.concat(data));
  const lineBytes = lines.length / height;
  assert.equal(lineBytes % 1, 0);
  // The first byte of a line says how the rest is to be read; of a black line all others are zero in every way.
  const isBlack = lines.every((byte, index) => index % lineBytes === 0 || byte === 0);
  return { size: `${width}x${height}`, isBlack };
}
