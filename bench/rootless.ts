/**
 * npm run bench:rootless -- [ROUNDS]: measures the daemon of an ordinary user beside root's, each step by both in turn, and
 * prints a table. It needs root and runs inside the laboratory (tools/lab), where the user is made (tools/as-user); with
 * GASTHOF_TEST_GROUPS=none this user has no control groups.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureTestImages } from '../tools/test/test-images.ts';
import { cgroupLayout, loadNow, machine } from './conditions.ts';
import { againInLaboratory, interruption } from './lab.ts';
import { median, ratio, runQuietly, type Samples, told } from './sample.ts';

const words = process.argv.slice(2);
if (process.env.LAB_INSIDE !== '1') {
  await runQuietly(process.execPath, [join(import.meta.dirname, '../tools/build.mjs')]);
  await ensureTestImages((text) => void process.stderr.write(`${text}\n`));
  process.exit(await againInLaboratory(import.meta.filename, words));
}

/** What is measured, in the order in which each round does it. `budget`: the most that the user's may take, in times of root's. */
const rows: { step: string; what: string; budget?: number }[] = [
  { step: 'launchApi', what: 'launch, API', budget: 1.5 },
  { step: 'launchCli', what: 'launch, CLI', budget: 1.5 },
  { step: 'execApi', what: 'exec true, API' },
  { step: 'execCli', what: 'exec true, CLI' },
  { step: 'snapshotApi', what: 'snapshot, API' },
  { step: 'copyApi', what: 'copy, API' },
  { step: 'stopApi', what: 'stop --force, API' },
  { step: 'deleteApi', what: 'delete, API' },
  // Without groups such a guest is refused.
  ...(process.env.GASTHOF_TEST_GROUPS === 'none'
    ? []
    : [{ step: 'systemd', what: 'systemd guest, launch to "running"', budget: 1.5 }]),
  { step: 'cpu', what: 'CPU time of the daemon for all of this' },
];

type Side = AsyncDisposable & { run(step: string): Promise<number> };

async function startSide(before: readonly string[]): Promise<Side> {
  const [program = '', ...args] = [...before, process.execPath, join(import.meta.dirname, 'rootless-side.ts')];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('one side ended');
    return value;
  };
  await answer();
  return {
    async run(step) {
      child.stdin.write(`${step}\n`);
      return Number(await answer());
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

const signal = interruption();
const rounds = Number(words.find((word) => /^\d+$/.test(word)) ?? 10);
const loadAtStart = loadNow();
const samples = { root: new Map<string, Samples>(), user: new Map<string, Samples>() };
{
  await using root = await startSide([]);
  await using user = await startSide([join(import.meta.dirname, '../tools/as-user')]);
  const sides = [
    { side: root, kept: samples.root },
    { side: user, kept: samples.user },
  ];
  // Round 0 warms caches and is not counted.
  for (let round = 0; round <= rounds && !signal.aborted; round++) {
    for (const step of [...rows.map((row) => row.step), 'clear']) {
      // Who comes first changes, so that nobody always finds what the other left behind.
      for (const { side, kept } of round % 2 ? sides : sides.toReversed()) {
        const ms = await side.run(step);
        if (round > 0) kept.set(step, [...(kept.get(step) ?? []), ms]);
      }
    }
    process.stderr.write(`round ${round} of ${rounds}; load ${loadNow()}\n`);
  }
}
process.stdout.write(`${machine()}; cgroup ${cgroupLayout()}\n`);
process.stdout.write(
  `${rounds} rounds; ms, median (min-max); load ${loadAtStart} at the start, ${loadNow()} at the end\n\n`,
);
const lines = rows.map(({ step, what, budget }) => {
  const [root = [], user = []] = [samples.root.get(step), samples.user.get(step)];
  const [pairs, medians] = [ratio(user, root), median(user) / median(root)];
  const kept = budget === undefined ? '-' : `${medians <= budget ? 'yes' : 'NO'} (<= ${budget})`;
  return [what, told(root), told(user), `${medians.toFixed(2)} x`, `${pairs.toFixed(2)} x`, kept];
});
const head = ['measure', 'root', 'user', 'of medians', 'pair by pair', 'kept'];
for (const line of [head, head.map(() => '---'), ...lines]) process.stdout.write(`| ${line.join(' | ')} |\n`);
