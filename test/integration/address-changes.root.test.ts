/** Being told of addresses that the host gets and loses. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { watchHostAddresses } from '../../src/host/address-changes.ts';
import { lacking } from '../daemon.ts';
import { eventually } from './engine-lab.ts';

const ip = (...words: string[]) => execFileSync('ip', ['address', ...words, 'dev', 'lo']);
/** Processes of ours that read. */
const readers = () =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter((pid) => pid !== '' && commandLine(pid) === 'cat\0');
/** Empty for one that has ended. */
const commandLine = (pid: string) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

test('each change is told, also when the one that reads was killed, until nobody asks', {
  skip: lacking(),
}, async () => {
  let told = 0;
  const watcher = watchHostAddresses(() => {
    told += 1;
  });
  for (const words of [
    ['add', '192.0.2.201/32'],
    ['add', '2001:db8:9::1/128'],
    ['delete', '192.0.2.201/32'],
  ]) {
    const before = told;
    ip(...words);
    await eventually(`${words.join(' ')} is told`, async () => told > before);
  }
  await eventually('there is one reader', async () => readers().length === 1);
  const [first = ''] = readers();
  const before = told;
  process.kill(Number(first), 'SIGKILL');
  await eventually('what may have been missed is told', async () => told > before);
  const later = told;
  ip('delete', '2001:db8:9::1/128');
  await eventually('the change after it is told', async () => told > later);
  watcher[Symbol.dispose]();
  await eventually('nobody reads', async () => readers().length === 0);
  assert.ok(told >= 5);
});
