/**
 * npm run bench -- [ROUNDS] [--quick] [--no-peers]: measures Gasthof beside bare crun and, where they are installed, Incus
 * and LXD, and prints a table against the budgets. It needs root and runs inside the laboratory (tools/lab); there an ordinary
 * user may run it, too.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { removeTree } from '../test/clear-daemon.ts';
import { gast, importImage, startDaemon, type TestDaemon, testImages } from '../test/daemon.ts';
import { insideWords } from '../test/own-namespaces.ts';
import { ensureTestImages } from '../tools/test/test-images.ts';
import { cgroupLayout, loadNow, machine } from './conditions.ts';
import { createFloor } from './floor.ts';
import { againInLaboratory, interruption } from './lab.ts';
import { crowd, floorCrowd, lists } from './many.ts';
import { createResults, type SubjectName } from './measures.ts';
import { type Peer, startPeer } from './peer-daemon.ts';
import { peerSurroundings } from './peer-surroundings.ts';
import { installedPeers } from './peers.ts';
import { processesNaming, pssMebibytes } from './processes.ts';
import { requestRounds } from './requests.ts';
import { type Conditions, lifeRounds, systemdRounds } from './rounds.ts';
import { runQuietly } from './sample.ts';
import type { Subject } from './subject.ts';
import { table } from './table.ts';

const words = process.argv.slice(2);
if (process.env.LAB_INSIDE !== '1') {
  // What is measured is what users run: the bundles, made from the sources as they are.
  await runQuietly(process.execPath, [join(import.meta.dirname, '../tools/build.mjs')]);
  await ensureTestImages((text) => void process.stderr.write(`${text}\n`));
  process.exit(await againInLaboratory(import.meta.filename, words));
}

const quick = words.includes('--quick');
const rounds = Number(words.find((word) => /^\d+$/.test(word)) ?? (quick ? 3 : 15));
const kinds = words.includes('--no-peers') ? [] : installedPeers();
const note = (text: string) => void process.stderr.write(`${text}; load ${loadNow()}\n`);
const signal = interruption();
const results = createResults();
const conditions: Conditions = { rounds, signal, results, note };
const missing: Partial<Record<SubjectName, string>> = { incus: 'not installed', lxd: 'not installed' };
const versions: string[] = [];
const loadAtStart = loadNow();
const directory = mkdtempSync(join(tmpdir(), 'gast-bench-'));
// The floor's root user has to pass it.
chmodSync(directory, 0o755);

try {
  await measure();
} catch (error) {
  if (!signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  removeTree(directory);
}
// What an interrupted run has measured is shown too.
print();

async function measure(): Promise<void> {
  const rootfs = (name: string) => join(testImages, `${name}.tar`);
  await using floor = await createFloor(directory, rootfs('busybox'));
  await using daemon = await startDaemon({ env: { GASTHOF_SOURCE: '' } });
  await importImage(daemon, 'busybox', 'tiny');
  if (!quick) await importImage(daemon, 'debian12', 'debian');
  await using stack = new AsyncDisposableStack();
  if (kinds.length > 0) stack.use(await peerSurroundings(directory));
  const peers: Peer[] = [];
  for (const kind of kinds) {
    signal.throwIfAborted();
    const images = [{ alias: 'tiny', rootfs: rootfs('busybox') }];
    if (!quick) images.push({ alias: 'debian', rootfs: rootfs('debian12') });
    const peer = stack.use(await startPeer(kind, directory, images));
    peers.push(peer);
    delete missing[kind.name];
    versions.push(`${kind.name} ${peer.version} on ${peer.driver}`);
    note(`${kind.name} ${peer.version} is ready`);
  }
  const subjects: Subject[] = [gasthof(daemon), ...peers];
  for (const subject of subjects) results.add('daemonIdle', subject.name, pssMebibytes([subject.daemon()]));
  await lifeRounds(subjects, floor, conditions);
  await requestRounds(subjects, quick ? 200 : 1000, conditions);
  if (!quick) {
    await systemdRounds(subjects, conditions);
    await floorCrowd(floor, conditions);
    for (const subject of subjects) await crowd(subject, conditions);
  }
  await lists(subjects, quick ? 1 : 200, conditions);
}

function gasthof(daemon: TestDaemon): Subject {
  return {
    name: 'gasthof',
    client: daemon.client,
    cli: (...args) => runQuietly(gast, args, { env: { ...daemon.env, GASTHOF_SOURCE: '' } }),
    startsOnCreate: true,
    daemon: () => daemon.pid,
    outside: () => [
      ...new Set([...processesNaming(daemon.directory, basename(daemon.names.stage)), String(daemon.pid)]),
    ],
    // Not the log of the database and the operations of the last seconds: neither grows with the number of guests.
    diskBytes: async () => {
      const words = ['-s', '-B1', '--exclude=gasthof.db-wal', '--exclude=operations', daemon.directory];
      const [program = '', ...rest] = [...insideWords(daemon.directory), 'du', ...words];
      return Number(spawnSync(program, rest, { encoding: 'utf8' }).stdout.split('\t')[0]);
    },
  };
}

function print(): void {
  const crun = spawnSync('crun', ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0];
  process.stdout.write(`${machine()}; cgroup ${cgroupLayout()}\n`);
  process.stdout.write(`${[crun, ...versions].join(', ')}\n`);
  process.stdout.write(
    `${rounds} rounds; median (min-max); load ${loadAtStart} at the start, ${loadNow()} at the end\n\n`,
  );
  process.stdout.write(table(results, missing));
}
