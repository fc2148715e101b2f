/**
 * npm run bench: measures Gasthof against bare crun in the same run and prints a table against the budgets.
 * It runs inside the laboratory (tools/lab) and needs root and the test images (npm test makes them).
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { importImage, startDaemon, testImages } from '../test/daemon.ts';
import { budgets, type Measured } from './budgets.ts';
import { createFloor } from './floor.ts';
import { processesOf, pssBytes } from './memory.ts';
import { actions, lifeRounds } from './rounds.ts';
import { median, ratio, runQuietly, type Samples, timed, told } from './sample.ts';

if (process.env.LAB_INSIDE !== '1') {
  const again = spawnSync(
    join(import.meta.dirname, '../tools/lab'),
    [process.execPath, import.meta.filename, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  process.exit(again.status ?? 1);
}

const rounds = Number(process.argv[2] ?? 15);
const rows: { what: Measured; value: number; shown: string }[] = [];
const row = (what: Measured, value: number, shown: string) => rows.push({ what, value, shown });
const note = (text: string) => process.stderr.write(`${text}\n`);
const directory = mkdtempSync(join(tmpdir(), 'gast-bench-'));
// The floor's root user has to pass it.
chmodSync(directory, 0o755);

try {
  await using daemon = await startDaemon({ env: { GASTHOF_SOURCE: '' } });
  const act = actions(daemon);
  await importImage(daemon, 'busybox', 'tiny');
  await importImage(daemon, 'debian12', 'debian/12');
  row('daemonIdle', mebibytes(pssBytes(daemon.pid)), `${mebibytes(pssBytes(daemon.pid)).toFixed(0)} MiB`);
  const floor = createFloor(directory, await floorRoot());
  const life = await lifeRounds(daemon, floor, rounds, (round) =>
    note(`round ${round} of ${rounds}, load ${loadavg()[0]?.toFixed(1)}`),
  );
  note(`crun: launch ${told(life.crunLaunch)}, exec ${told(life.crunExec)} ms`);
  const against = (what: Measured, ours: Samples, base: Samples) =>
    row(what, ratio(ours, base), `${ratio(ours, base).toFixed(2)} x = ${told(ours)} ms`);
  against('launchCli', life.launchCli, life.crunLaunch);
  against('launchApi', life.launchApi, life.crunLaunch);
  against('execApi', life.execApi, life.crunExec);
  for (const what of ['execCli', 'stopDelete', 'copy', 'snapshot'] as const)
    row(what, median(life[what]), `${told(life[what])} ms`);
  await systemdRounds();
  await crowd();
  await lists();

  /** From the launch call until `systemctl is-system-running` says so. */
  async function systemdRounds() {
    const samples: Samples = [];
    for (let round = 0; round < 6; round++) {
      const ms = await timed(async () => {
        await act.launch('s', 'debian/12');
        while ((await act.exec('s', ['systemctl', 'is-system-running'])).metadata?.return !== 0) await setTimeout(5);
      });
      if (round > 0) samples.push(ms);
      await act.stop('s');
      await act.delete('s');
    }
    row('systemd', median(samples), `${told(samples)} ms`);
  }

  /** Fifty guests, eight at a time: launches per second, memory and disk for each. */
  async function crowd() {
    const diskBefore = await diskBytes(daemon.directory);
    const names = Array.from({ length: 50 }, (_, index) => `n${index}`);
    const ms = await timed(() => inParallel(names, 8, (name) => act.launch(name)));
    row('perSecond', names.length / (ms / 1000), `${(names.length / (ms / 1000)).toFixed(1)} /s`);
    const monitors = processesOf('conmon', daemon.directory).reduce((sum, pid) => sum + pssBytes(pid), 0);
    row('guestMemory', mebibytes(monitors) / names.length, `${(mebibytes(monitors) / names.length).toFixed(2)} MiB`);
    row('daemonFifty', mebibytes(pssBytes(daemon.pid)), `${mebibytes(pssBytes(daemon.pid)).toFixed(0)} MiB`);
    const disk = ((await diskBytes(daemon.directory)) - diskBefore) / names.length / 1000;
    row('disk', disk, `${disk.toFixed(0)} kB`);
    for (const recursion of ['1', '2'])
      note(`50 running guests, recursion=${recursion}: ${told(await repeat(20, () => act.list(recursion)))} ms`);
    await inParallel(names, 8, async (name) => {
      await act.stop(name);
      await act.delete(name);
    });
  }

  /** Lists of 1, 50 and 200 stopped guests. */
  async function lists() {
    for (const [from, to] of [
      [0, 1],
      [1, 50],
      [50, 200],
    ] as const) {
      await inParallel(
        Array.from({ length: to - from }, (_, index) => `l${from + index}`),
        4,
        (name) => act.init(name),
      );
      const api = await repeat(20, () => act.list('2'));
      const cli = await repeat(8, () => act.cli('list'));
      note(`${to} guests: CLI ${told(cli)} ms, recursion=2 ${told(api)} ms`);
      if (to === 200) {
        row('listCli', median(cli), `${told(cli)} ms`);
        row('listApi', median(api), `${told(api)} ms`);
      }
    }
    const calls = 2000;
    const ms = await timed(() =>
      inParallel(Array.from({ length: calls }), 10, () => daemon.client.call('GET /internal/ready')),
    );
    note(`API requests per second, 10 connections: ${(calls / (ms / 1000)).toFixed(0)}`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
print();

function print(): void {
  const lines = rows.map(({ what, value, shown }) => [
    budgets[what].what,
    shown,
    budgets[what].budget,
    budgets[what].within(value) ? 'yes' : 'NO',
    budgets[what].peers,
  ]);
  const all = [['what', 'median (min-max)', 'budget', 'kept', 'peers'], ['---', '---', '---', '---', '---'], ...lines];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of all)
    process.stdout.write(`| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`);
}

/** An unpacked busybox tree owned by the floor's ids. */
async function floorRoot(): Promise<string> {
  const root = join(directory, 'root');
  mkdirSync(root);
  await runQuietly('tar', ['-C', root, '--exclude=./dev/*', '-xf', join(testImages, 'busybox.tar')]);
  await runQuietly('chown', ['-R', '1000000:1000000', root]);
  return root;
}

async function diskBytes(path: string): Promise<number> {
  const { stdout } = spawnSync('du', ['-s', '-B1', path], { encoding: 'utf8' });
  return Number(stdout.split('\t')[0]);
}

async function repeat(count: number, work: () => Promise<unknown>): Promise<Samples> {
  const samples: Samples = [];
  await work();
  for (let index = 0; index < count; index++) samples.push(await timed(work));
  return samples;
}

async function inParallel<T>(items: T[], width: number, work: (item: T) => Promise<unknown>): Promise<void> {
  // One iterator for all workers: each takes the next item.
  const next = items.values();
  const worker = async () => {
    for (const item of next) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

function mebibytes(bytes: number): number {
  return bytes / 1024 / 1024;
}
