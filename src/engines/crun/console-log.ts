/**
 * conmon's console log, pure: lines `TIME stdout F text` (a whole line) and `... P text` (no line end yet), turned back
 * into what the guest wrote.
 */

/** Bytes of complete log lines -> what was written, and the bytes of an unfinished last line. */
export function renderConsole(log: Buffer): { output: Buffer; rest: Buffer } {
  const parts: Buffer[] = [];
  let at = 0;
  for (let end = log.indexOf(lineEnd); end >= 0; end = log.indexOf(lineEnd, at)) {
    const line = log.subarray(at, end);
    at = end + 1;
    // Three words before the text; the text itself may hold anything.
    const flag = afterBlanks(line, 2);
    const text = afterBlanks(line, 3);
    // After a truncation the first line may be a fragment: shown as it is.
    if (flag < 0 || text < 0) parts.push(line, newLine);
    else parts.push(line.subarray(text), line[flag] === partial ? Buffer.alloc(0) : newLine);
  }
  return { output: Buffer.concat(parts), rest: log.subarray(at) };
}

const lineEnd = 0x0a;
const blank = 0x20;
const partial = 'P'.charCodeAt(0);
const newLine = Buffer.from('\n');

function afterBlanks(line: Buffer, count: number): number {
  let at = 0;
  for (let n = 0; n < count; n += 1) {
    const found = line.indexOf(blank, at);
    if (found < 0) return -1;
    at = found + 1;
  }
  return at;
}
