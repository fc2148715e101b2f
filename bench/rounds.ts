/**
 * The measured rounds: each step is done by one subject after the other, so that all of them see the same machine. The
 * first subject changes from round to round: nobody always comes after the one that leaves most work behind.
 */
import { setTimeout } from 'node:timers/promises';
import type { Floor } from './floor.ts';
import type { MeasureName, Results, SubjectName } from './measures.ts';
import { timed } from './sample.ts';
import { actions, named, type Subject } from './subject.ts';

export type Conditions = {
  rounds: number;
  signal: AbortSignal;
  results: Results;
  note(text: string): void;
};

/** A step without a measure only prepares or clears up. */
type Step<T> = [measure: MeasureName | undefined, work: (subject: T) => Promise<unknown>];

const life: Step<Subject>[] = [
  ['launchApi', (subject) => actions(subject).launch('a', 'tiny')],
  ['launchCli', (subject) => subject.cli('launch', 'tiny', named(subject, 'b'), '--quiet')],
  ['execApi', (subject) => actions(subject).exec('a', ['true'])],
  ['execSockets', (subject) => actions(subject).execWithSockets('a', ['true'])],
  ['execCli', (subject) => subject.cli('exec', named(subject, 'a'), '--', 'true')],
  [
    'stopDeleteApi',
    async (subject) => {
      await actions(subject).stop('a');
      await actions(subject).delete('a');
    },
  ],
  ['stopCli', (subject) => subject.cli('stop', '--force', named(subject, 'b'))],
  ['copyApi', (subject) => actions(subject).copy('c', 'b')],
  ['snapshotApi', (subject) => actions(subject).snapshot('b')],
  ['deleteCli', (subject) => subject.cli('delete', named(subject, 'c'))],
  [undefined, (subject) => actions(subject).delete('b')],
];

/** What the floor does at the same step. */
const floorLife: Partial<Record<MeasureName, (floor: Floor) => Promise<unknown>>> = {
  launchApi: (floor) => floor.launch('a'),
  launchCli: (floor) => floor.launch('b'),
  execApi: (floor) => floor.exec('a'),
  execSockets: (floor) => floor.exec('a'),
  execCli: (floor) => floor.exec('a'),
  stopDeleteApi: (floor) => floor.delete('a'),
  stopCli: (floor) => floor.stop('b'),
  deleteCli: (floor) => floor.delete('b'),
};

/** Round 0 warms caches and is not counted. */
export async function lifeRounds(subjects: Subject[], floor: Floor, conditions: Conditions): Promise<void> {
  for (let round = 0; round <= conditions.rounds; round++) {
    for (const [measure, work] of life) {
      const floorWork = measure && floorLife[measure];
      const turns: [SubjectName, () => Promise<unknown>][] = subjects.map((one) => [one.name, () => work(one)]);
      if (floorWork) turns.unshift(['crun', () => floorWork(floor)]);
      await takeTurns(turns, round, conditions, round > 0 ? measure : undefined);
    }
    conditions.note(`round ${round} of ${conditions.rounds}`);
  }
}

/** From the launch call until `systemctl is-system-running` says so. */
export async function systemdRounds(subjects: Subject[], conditions: Conditions): Promise<void> {
  const boot = async (subject: Subject) => {
    const act = actions(subject);
    await act.launch('s', 'debian');
    while ((await act.exec('s', ['systemctl', 'is-system-running'])) !== 0) {
      conditions.signal.throwIfAborted();
      await setTimeout(5);
    }
  };
  for (let round = 0; round <= Math.min(conditions.rounds, 8); round++) {
    const turns = (work: (subject: Subject) => Promise<unknown>) =>
      subjects.map((one): [SubjectName, () => Promise<unknown>] => [one.name, () => work(one)]);
    await takeTurns(turns(boot), round, conditions, round > 0 ? 'systemd' : undefined);
    await takeTurns(
      turns(async (subject) => {
        await actions(subject).stop('s');
        await actions(subject).delete('s');
      }),
      round,
      conditions,
      undefined,
    );
  }
  conditions.note('systemd guests');
}

/** One step by all in turn; `measure` undefined: done, but not counted. */
export async function takeTurns(
  turns: [SubjectName, () => Promise<unknown>][],
  first: number,
  { signal, results }: Conditions,
  measure: MeasureName | undefined,
): Promise<void> {
  for (let index = 0; index < turns.length; index++) {
    signal.throwIfAborted();
    const turn = turns[(first + index) % turns.length];
    if (!turn) continue;
    const ms = await timed(turn[1]);
    if (measure) results.add(measure, turn[0], ms);
  }
}
