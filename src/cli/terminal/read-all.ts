/** Reads stdin as a whole, and tells whether a file was handed over there. */
import { fstatSync, readFileSync } from 'node:fs';

export async function readAll(stdin: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/**
 * True for `gast launch ... < file`. Pipes do not count: nobody may ever write to them. A file that was read in part belongs
 * to somebody else: `while read name; do gast launch debian/12 $name; done < names`.
 */
export function isWholeFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile() && /^pos:\s*0$/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
  } catch {
    return false;
  }
}
