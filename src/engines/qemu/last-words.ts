/** What QEMU has said in its present run: its log goes on over all runs, each begun with a line of ours. */
import { appendFileSync, readFileSync } from 'node:fs';

const beginning = '== a new run\n';
const tailBytes = 8192;

export function beginRun(log: string): void {
  appendFileSync(log, beginning, { mode: 0o600 });
}

export function lastWords(log: string): string {
  try {
    return readFileSync(log, 'utf8').split(beginning).at(-1)?.slice(-tailBytes) ?? '';
  } catch {
    return '';
  }
}
