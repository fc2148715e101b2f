/** A secret from the terminal without showing it, or the first line of what is piped in. */
import type { Context } from '../context.ts';
import { enterRawMode } from './raw-mode.ts';

const interrupt = 3;
const endOfInput = 4;
const erase = [8, 127];
const lineEnds = [10, 13];

/** Undefined when the user gave up. */
export async function readSecret({ streams }: Context, question: string): Promise<string | undefined> {
  const { stdin, stderr } = streams;
  using _raw = enterRawMode(stdin);
  if (stdin.isTTY) stderr.write(question);
  const typed: number[] = [];
  for await (const chunk of stdin as AsyncIterable<Buffer>)
    for (const byte of Buffer.from(chunk)) {
      if (stdin.isTTY && (byte === interrupt || byte === endOfInput)) return undefined;
      if (lineEnds.includes(byte)) {
        if (stdin.isTTY) stderr.write('\n');
        return Buffer.from(typed).toString();
      }
      // A letter may have several bytes: those that continue one go with it.
      if (stdin.isTTY && erase.includes(byte)) while (((typed.pop() ?? 0) & 0xc0) === 0x80);
      else typed.push(byte);
    }
  return Buffer.from(typed).toString();
}
