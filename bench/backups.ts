/**
 * node bench/backups.ts [ROUNDS]: how long `incus export` and `incus import` take against Gasthof and against Incus, one and
 * the same client for both, and how long each daemon keeps others waiting meanwhile. Inside the laboratory, as bench.ts.
 */
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { importImage, startDaemon, testImages } from '../test/daemon.ts';
import { loadNow, machine } from './conditions.ts';
import { againInLaboratory } from './lab.ts';
import { startPeer } from './peer-daemon.ts';
import { peerSurroundings } from './peer-surroundings.ts';
import { installedPeers } from './peers.ts';
import { runQuietly, told } from './sample.ts';
import { actions, named, type Subject } from './subject.ts';

const words = process.argv.slice(2);
if (process.env.LAB_INSIDE !== '1') {
  await runQuietly(process.execPath, [join(import.meta.dirname, '../tools/build.mjs')]);
  process.exit(await againInLaboratory(import.meta.filename, words));
}

const rounds = Number(words[0] ?? 5);
const compressions = ['none', 'gzip', 'zstd'];
const askEveryMs = 20;
const directory = mkdtempSync(join(tmpdir(), 'gast-bench-'));
chmodSync(directory, 0o755);
/** By measure and subject: seconds, and the longest wait for an answer in milliseconds. */
const seconds = new Map<string, number[]>();
const waits = new Map<string, number>();
const sizes = new Map<string, number>();
const loadAtStart = loadNow();

try {
  await measure();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const [kind] = installedPeers().filter(({ name }) => name === 'incus');
  if (!kind) throw new Error('incus is not installed');
  await using daemon = await startDaemon({ env: { GASTHOF_SOURCE: '' } });
  await importImage(daemon, 'debian12', 'debian');
  await using _surroundings = await peerSurroundings(directory);
  const image = { alias: 'debian', rootfs: join(testImages, 'debian12.tar') };
  await using peer = await startPeer(kind, directory, [image]);
  const environment = { INCUS_SOCKET: join(daemon.directory, 'unix.socket'), INCUS_CONF: join(directory, 'conf') };
  const gasthof: Pick<Subject, 'name' | 'client' | 'cli'> = {
    name: 'gasthof',
    client: daemon.client,
    cli: (...args) => runQuietly(kind.tool, args, { env: environment }),
  };
  const subjects = [gasthof, peer] as Subject[];
  for (const subject of subjects) await actions(subject).init('backup', 'debian');
  for (let round = 0; round < rounds; round++)
    for (const compression of compressions)
      for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) await once(subject, compression);
  print(`incus ${peer.version} on ${peer.driver}`);
}

async function once(subject: Subject, compression: string): Promise<void> {
  const file = join(directory, `${subject.name}.tar`);
  const back = named(subject, 'back');
  await timed(subject, `export, ${compression}`, () =>
    subject.cli('export', named(subject, 'backup'), file, `--compression=${compression}`, '--instance-only'),
  );
  sizes.set(`${subject.name} export, ${compression}`, statSync(file).size);
  await timed(subject, `import, ${compression}`, () => subject.cli('import', file, back));
  await actions(subject).delete('back');
  rmSync(file);
}

async function timed(subject: Subject, measure: string, work: () => Promise<void>): Promise<void> {
  const key = `${subject.name} ${measure}`;
  let going = true;
  const asking = (async () => {
    while (going) {
      const asked = performance.now();
      await subject.client.call('GET /1.0');
      waits.set(key, Math.max(waits.get(key) ?? 0, performance.now() - asked));
      await setTimeout(askEveryMs);
    }
  })();
  const began = performance.now();
  await work();
  seconds.set(key, [...(seconds.get(key) ?? []), (performance.now() - began) / 1000]);
  going = false;
  await asking;
  process.stderr.write(`${key}: ${seconds.get(key)?.at(-1)?.toFixed(1)} s; load ${loadNow()}\n`);
}

function print(peer: string): void {
  process.stdout.write(`${machine()}; ${peer}; Debian 12, stopped; ${rounds} rounds; median (min-max); `);
  process.stdout.write(`load ${loadAtStart} at the start, ${loadNow()} at the end\n\n`);
  process.stdout.write('| measure | gasthof (s) | incus (s) | longest wait for GET /1.0 (ms) | file (MB) |\n');
  process.stdout.write('| --- | --- | --- | --- | --- |\n');
  for (const compression of compressions)
    for (const measure of [`export, ${compression}`, `import, ${compression}`]) {
      const cells = ['gasthof', 'incus'].map((name) => told(seconds.get(`${name} ${measure}`) ?? []));
      const both = (values: Map<string, number>, unit: number) =>
        ['gasthof', 'incus'].map((name) => ((values.get(`${name} ${measure}`) ?? 0) / unit).toFixed(0)).join(' / ');
      const size = measure.startsWith('export') ? both(sizes, 1e6) : '';
      process.stdout.write(`| ${[measure, ...cells, both(waits, 1), size].join(' | ')} |\n`);
    }
}
