/**
 * npm run bench:machines -- [ROUNDS] [--user]: virtual machines beside plain QEMU that is started by hand with the same words,
 * each step by both in turn, as root or as an ordinary user. It runs inside the laboratory; see docs/benchmarks.md.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../test/daemon.ts';
import { ensureTinyMachine } from '../test/machines/tiny-machine.ts';
import { bareMachine } from './bare-machine.ts';
import { loadNow, machine } from './conditions.ts';
import { againInLaboratory, interruption } from './lab.ts';
import { gastMachine, type MachineSide } from './machine-sides.ts';
import { pssMebibytes } from './processes.ts';
import { median, ratio, runQuietly, type Samples, timed, told } from './sample.ts';

const words = process.argv.slice(2);
if (process.env.LAB_INSIDE !== '1') {
  await runQuietly(process.execPath, [join(import.meta.dirname, '../tools/build.mjs')]);
  ensureTinyMachine();
  process.exit(await againInLaboratory(import.meta.filename, words));
}
if (words.includes('--user') && process.getuid?.() === 0) {
  const asUser = join(import.meta.dirname, '../tools/as-user');
  // The fourth is the pipe that tells the end of who started us (lab.ts).
  const stdio = ['inherit', 'inherit', 'inherit', 'inherit'] as const;
  const child = spawn(asUser, [process.execPath, import.meta.filename, ...words], { stdio: [...stdio] });
  process.exit(await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1))));
}

const memoryBytes = 128 * 2 ** 20;
const rows = {
  start: 'define and start, to QEMU answering (ms)',
  boot: 'define and start, to "ready" of the tiny machine (ms)',
  exec: 'command inside, by its agent (ms)',
  quiet: 'longest silence of its console in 1 s, nothing done (ms)',
  move: 'longest silence while it moves to another QEMU (ms)',
  snapshot: 'longest silence while its disk is snapshot (ms)',
  state: 'longest silence while disk and memory are saved (ms)',
  memory: 'memory of QEMU, PSS (MiB)',
  beside: 'memory of what stands beside it, PSS (MiB)',
} as const;
type Row = keyof typeof rows;
type Kept = Map<Row, Samples>;

const signal = interruption();

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    signal.throwIfAborted();
    await sleep(1);
  }
}

/** The longest time in which the console of a machine that writes all the time said nothing. */
async function longestSilence(side: MachineSide, work: () => Promise<unknown>): Promise<number> {
  let done = false;
  let longest = 0;
  const watching = (async () => {
    let before = side.consoleBytes();
    let since = performance.now();
    for (let spokeAgain = false; !done || !spokeAgain; await nextTurn()) {
      signal.throwIfAborted();
      const now = side.consoleBytes();
      if (now === before) continue;
      longest = Math.max(longest, performance.now() - since);
      since = performance.now();
      before = now;
      spokeAgain = done;
    }
  })();
  await work();
  done = true;
  await watching;
  return longest;
}

/** Supervisors: the processes from QEMU up to the one that outlives the daemon. */
function besideMebibytes(qemu: number, daemon: number): number {
  const above: number[] = [];
  for (let pid = parentOf(qemu); pid > 1 && pid !== process.pid && pid !== daemon; pid = parentOf(pid)) above.push(pid);
  return pssMebibytes(above);
}

function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[1] ?? 0);
  } catch {
    return 0;
  }
}

const speak = ['/bin/sh', '-c', '(while :; do echo still here; done) </dev/null >/dev/ttyS0 2>&1 &'];

async function round(side: MachineSide, daemonPid: number, keep: (row: Row, value: number) => void): Promise<void> {
  const begin = performance.now();
  await side.start();
  keep('start', performance.now() - begin);
  await until(() => side.consoleText().includes('ready after'));
  keep('boot', performance.now() - begin);
  await side.exec(['/bin/true']);
  keep('exec', await timed(() => side.exec(['/bin/true'])));
  // Of another user's process nothing is told.
  const pss = pssMebibytes([side.pid()]);
  if (pss > 0) {
    keep('memory', pss);
    keep('beside', besideMebibytes(side.pid(), daemonPid));
  }
  await side.exec(speak);
  keep('quiet', await longestSilence(side, () => sleep(1000)));
  keep('move', await longestSilence(side, () => side.move()));
  keep('snapshot', await longestSilence(side, () => side.snapshot()));
  keep('state', await longestSilence(side, () => side.state()));
  await side.stop();
}

const rounds = Number(words.find((word) => /^\d+$/.test(word)) ?? 8);
const loadAtStart = loadNow();
const kept: Record<'gasthof' | 'byHand', Kept> = { gasthof: new Map(), byHand: new Map() };
{
  const built = { env: { GASTHOF_SOURCE: '' } };
  await using daemon = await startDaemon(built);
  await using second = await startDaemon(built);
  await using bare = await bareMachine(memoryBytes);
  const gasthof = await gastMachine(daemon, second, memoryBytes);
  const sides = [
    { side: gasthof, into: kept.gasthof },
    { side: bare, into: kept.byHand },
  ];
  // Round 0 warms caches and is not counted.
  for (let count = 0; count <= rounds && !signal.aborted; count++) {
    for (const { side, into } of count % 2 ? sides : sides.toReversed())
      await round(side, daemon.pid, (row, value) => {
        if (count > 0) into.set(row, [...(into.get(row) ?? []), value]);
      });
    process.stderr.write(`round ${count} of ${rounds}; load ${loadNow()}\n`);
  }
}
process.stdout.write(`${machine()}; ${process.getuid?.() === 0 ? 'root' : 'an ordinary user'}\n`);
process.stdout.write(
  `${rounds} rounds; median (min-max); load ${loadAtStart} at the start, ${loadNow()} at the end\n\n`,
);
const lines = Object.entries(rows).map(([row, what]) => {
  const [ours = [], bare = []] = [kept.gasthof.get(row as Row), kept.byHand.get(row as Row)];
  const times = ours.length > 0 && bare.length > 0 && median(bare) > 0 ? `${ratio(ours, bare).toFixed(2)} x` : '-';
  return [what, told(ours), told(bare), times];
});
const head = ['measure', 'gasthof', 'QEMU by hand', 'ratio'];
for (const line of [head, head.map(() => '---'), ...lines]) process.stdout.write(`| ${line.join(' | ')} |\n`);
