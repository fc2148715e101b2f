/** Disks of strangers, by every way in: what is hostile or broken is refused with the reason, and leaves nothing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { lacking as lackingDaemon, startDaemon, type TestDaemon } from '../daemon.ts';
import { hostileDisks } from '../integration/hostile-disks.ts';
import { lacking as lackingMachines } from '../integration/qemu-lab.ts';
import { assertSameCensus, type Census, settledCensus } from '../leaks.ts';
import { machineBody } from '../machines/machine-body.ts';
import { runGast, sureGast } from './gast.ts';

const skip = lackingDaemon() || lackingMachines();
let daemon: TestDaemon;
let work = '';
let measure: Census;

before(async () => {
  if (skip) return;
  work = mkdtempSync(join(tmpdir(), 'gast-hostile-'));
  chmodSync(work, 0o755);
  daemon = await startDaemon();
  await daemon.client.operation('POST /1.0/instances', { body: machineBody('vm') });
  measure = await settledCensus(daemon);
});
after(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

async function refused(reason: RegExp, ...words: string[]): Promise<void> {
  const { code, stdout, stderr } = await runGast(daemon.env, words);
  assert.notEqual(code, 0, `${words.join(' ')} was taken:\n${stdout}`);
  assert.match(stderr, reason);
}

/** Each in a folder of its own, for some are of several files. */
function made(name: string, file = 'source'): string {
  const folder = mkdtempSync(join(work, 'one-'));
  const path = join(folder, file);
  hostileDisks[name]?.make(path);
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  return path;
}

/** Not what a client reads before it sends anything, nor a file of eight terabytes, nor what is too big for another test only. */
const notSent = new Set([
  'a link',
  'a pipe',
  'no content',
  'more than is allowed',
  'a size that would fill the memory',
]);

/** What only who reads all of it finds, at the first use: an image is not unpacked before. */
const foundInside = new Set(
  Object.keys(hostileDisks).filter((name) => hostileDisks[name]?.reason.source.includes('data are')),
);

const noImage = /neither a tar archive nor/;

test('as an image', { skip, timeout: 300_000 }, async () => {
  const gast = sureGast(daemon.env);
  const metadata = join(work, 'metadata.tar.gz');
  writeFileSync(join(work, 'metadata.yaml'), 'architecture: x86_64\ncreation_date: 1700000000\n');
  execFileSync('tar', ['-czf', metadata, '-C', work, 'metadata.yaml']);
  for (const [name, { reason }] of Object.entries(hostileDisks)) {
    if (notSent.has(name)) continue;
    if (foundInside.has(name)) {
      await gast('image', 'import', metadata, made(name), '--alias', 'x');
      await refused(reason, 'init', 'x', 'one', '--vm');
      await gast('image', 'delete', 'x');
    } else
      await refused(name === 'three bytes' ? noImage : reason, 'image', 'import', metadata, made(name), '--alias', 'x');
    await assertSameCensus(measure, daemon, name);
  }
});

test('as a disk that is handed to a machine', { skip, timeout: 300_000 }, async () => {
  const gast = sureGast(daemon.env);
  for (const [name, { reason }] of Object.entries(hostileDisks)) {
    if (name === 'more than is allowed' || foundInside.has(name)) continue;
    const path = made(name, 'source.qcow2');
    const added = await runGast(daemon.env, ['config', 'device', 'add', 'vm', 'd', 'disk', `source=${path}`]);
    if (added.code === 0) {
      await refused(told(name, reason), 'start', 'vm');
      await gast('config', 'device', 'remove', 'vm', 'd');
    } else assert.match(added.stderr, told(name, reason), name);
    await assertSameCensus(measure, daemon, name);
  }
  // The machine itself has taken no harm.
  await gast('start', 'vm');
  await gast('stop', '--force', 'vm');
});

/** A disk of the host is never searched for another format than its name says. */
const told = (name: string, reason: RegExp) =>
  /vmdk|bytes|pipe|link/.test(name) ? /not of the format qcow2|neither a file|cannot be a disk/ : reason;
