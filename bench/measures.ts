/** The rows of the table, in order, and the budgets of the design (section 6) that some of them have to keep. */
import { median, ratio, type Samples } from './sample.ts';

export const subjectNames = ['gasthof', 'crun', 'incus', 'lxd'] as const;
export type SubjectName = (typeof subjectNames)[number];
/** What one row knows: samples of each subject, index by index from the same round. */
export type Cells = Partial<Record<SubjectName, Samples>>;

export type Verdict = { value: string; kept: boolean };
export type Budget = { text: string; judge(cells: Cells, ours: Samples): Verdict | undefined };
type Measure = { what: string; unit: 'ms' | 'MiB' | 'kB' | '/s'; budget?: Budget };

const atMost = (limit: number): Budget => ({
  text: `<= ${limit}`,
  judge: (_cells, ours) => ({ value: median(ours).toFixed(2), kept: median(ours) <= limit }),
});
const atLeast = (limit: number): Budget => ({
  text: `>= ${limit}`,
  judge: (_cells, ours) => ({ value: median(ours).toFixed(2), kept: median(ours) >= limit }),
});
const times = (limit: number, other: SubjectName): Budget => ({
  text: `<= ${limit} x ${other}`,
  judge: (cells, ours) => {
    const base = cells[other];
    if (!base) return undefined;
    const value = ratio(ours, base);
    return { value: `${value.toFixed(2)} x`, kept: value <= limit };
  },
});
/** Measured against `other` when it is installed, else against what it took on the machine of the baselines. */
const timesOrAtMost = (limit: number, other: SubjectName, otherwise: number): Budget => ({
  text: `<= ${limit} x ${other}, or ${otherwise}`,
  judge: (cells, ours) => times(limit, other).judge(cells, ours) ?? atMost(otherwise).judge(cells, ours),
});

export const measures = {
  launchCli: { what: 'launch, CLI', unit: 'ms', budget: times(4, 'crun') },
  launchApi: { what: 'launch, API', unit: 'ms', budget: times(2, 'crun') },
  execCli: { what: 'exec true, CLI', unit: 'ms', budget: timesOrAtMost(1.2, 'incus', 56) },
  execApi: { what: 'exec true, API', unit: 'ms', budget: times(2, 'crun') },
  execSockets: { what: 'exec true, API with websockets', unit: 'ms' },
  stopDeleteApi: { what: 'stop --force + delete, API', unit: 'ms', budget: atMost(30) },
  stopCli: { what: 'stop --force, CLI', unit: 'ms' },
  deleteCli: { what: 'delete, CLI', unit: 'ms' },
  copyApi: { what: 'copy, API', unit: 'ms', budget: atMost(20) },
  snapshotApi: { what: 'snapshot, API', unit: 'ms', budget: atMost(20) },
  systemd: { what: 'systemd guest, launch to "running"', unit: 'ms', budget: atMost(450) },
  listCli1: { what: 'list of 1, CLI', unit: 'ms' },
  listCli50: { what: 'list of 50, CLI', unit: 'ms' },
  listCli200: { what: 'list of 200, CLI', unit: 'ms', budget: atMost(90) },
  listApi1: { what: 'list of 1, recursion=2', unit: 'ms' },
  listApi50: { what: 'list of 50, recursion=2', unit: 'ms' },
  listApi200: { what: 'list of 200, recursion=2', unit: 'ms', budget: atMost(10) },
  listRunning1: { what: 'list of 50 running, recursion=1', unit: 'ms' },
  listRunning2: { what: 'list of 50 running, recursion=2', unit: 'ms' },
  ready1: { what: 'GET /internal/ready, 1 connection', unit: '/s' },
  ready10: { what: 'GET /internal/ready, 10 connections', unit: '/s' },
  instance1: { what: 'GET /1.0/instances/NAME, 1 connection', unit: '/s' },
  instance10: { what: 'GET /1.0/instances/NAME, 10 connections', unit: '/s' },
  perSecond: { what: 'launches, 8 at a time', unit: '/s', budget: atLeast(40) },
  deletePerSecond: { what: 'forced deletes, 8 at a time', unit: '/s' },
  guestMonitor: { what: 'monitor of a guest, PSS', unit: 'MiB' },
  guestMemory: { what: 'all outside a guest for each of 50, PSS', unit: 'MiB', budget: atMost(0.5) },
  daemonIdle: { what: 'daemon, idle, PSS', unit: 'MiB', budget: atMost(80) },
  daemonFifty: { what: 'daemon with 50 guests, PSS', unit: 'MiB', budget: atMost(100) },
  disk: { what: 'disk per further guest', unit: 'kB', budget: atMost(64) },
} satisfies Record<string, Measure>;

export type MeasureName = keyof typeof measures;

export type Results = {
  add(measure: MeasureName, subject: SubjectName, value: number): void;
  cells(measure: MeasureName): Cells;
};

export function createResults(): Results {
  const all: Partial<Record<MeasureName, Cells>> = {};
  const cells = (measure: MeasureName): Cells => {
    all[measure] ??= {};
    return all[measure];
  };
  return {
    add: (measure, subject, value) => {
      const row = cells(measure);
      row[subject] = [...(row[subject] ?? []), value];
    },
    cells,
  };
}
