/** Reading a stored image file for a download. */
import { createReadStream } from 'node:fs';

export const readStreamOf = (path: string): NodeJS.ReadableStream =>
  createReadStream(path, { highWaterMark: 256 * 1024 });
