/** Many guests at once: fifty running ones (launches per second, memory, disk, lists of them), and lists of stopped ones. */
import type { Floor } from './floor.ts';
import type { MeasureName } from './measures.ts';
import { pssMebibytes } from './processes.ts';
import { type Conditions, takeTurns } from './rounds.ts';
import { timed } from './sample.ts';
import { actions, type Subject } from './subject.ts';

const crowdSize = 50;
const width = 8;
const crowdNames = Array.from({ length: crowdSize }, (_, index) => `n${index}`);

export async function floorCrowd(floor: Floor, { results, signal }: Conditions): Promise<void> {
  const launch = await timed(() => inParallel(crowdNames, signal, (name) => floor.launch(name)));
  const remove = await timed(() => inParallel(crowdNames, signal, (name) => floor.delete(name)));
  results.add('perSecond', 'crun', crowdSize / (launch / 1000));
  results.add('deletePerSecond', 'crun', crowdSize / (remove / 1000));
}

export async function crowd(subject: Subject, conditions: Conditions): Promise<void> {
  const { results, signal, note } = conditions;
  const act = actions(subject);
  const add = (measure: MeasureName, value: number) => results.add(measure, subject.name, value);
  const before = { outside: subject.outside(), disk: await subject.diskBytes() };
  const memoryBefore = pssMebibytes(before.outside);
  const launchMs = await timed(() => inParallel(crowdNames, signal, (name) => act.launch(name, 'tiny')));
  add('perSecond', crowdSize / (launchMs / 1000));
  const outside = subject.outside();
  const monitors = outside.filter((pid) => !before.outside.includes(pid));
  add('guestMonitor', pssMebibytes(monitors) / crowdSize);
  add('guestMemory', (pssMebibytes(outside) - memoryBefore) / crowdSize);
  add('daemonFifty', pssMebibytes([subject.daemon()]));
  add('disk', ((await subject.diskBytes()) - before.disk) / crowdSize / 1000);
  for (let round = 0; round <= 10; round++)
    for (const recursion of ['1', '2'] as const) {
      signal.throwIfAborted();
      const ms = await timed(() => act.list(recursion));
      if (round > 0) add(recursion === '1' ? 'listRunning1' : 'listRunning2', ms);
    }
  const deleteMs = await timed(() =>
    inParallel(crowdNames, signal, async (name) => {
      await act.stop(name);
      await act.delete(name);
    }),
  );
  add('deletePerSecond', crowdSize / (deleteMs / 1000));
  note(`${crowdSize} guests of ${subject.name}`);
}

/** Lists of stopped guests; they stay. */
export async function lists(subjects: Subject[], upTo: 1 | 50 | 200, conditions: Conditions): Promise<void> {
  let made = 0;
  for (const count of [1, 50, 200] as const) {
    if (count > upTo) return;
    const names = Array.from({ length: count - made }, (_, index) => `l${made + index}`);
    for (const subject of subjects)
      await inParallel(names, conditions.signal, (name) => actions(subject).init(name, 'tiny'));
    made = count;
    for (let round = 0; round <= Math.min(conditions.rounds, 8); round++)
      for (const [measure, work] of [
        [`listCli${count}`, (subject) => subject.cli('list')],
        [`listApi${count}`, (subject) => actions(subject).list('2')],
      ] as [MeasureName, (subject: Subject) => Promise<unknown>][])
        await takeTurns(
          subjects.map((one) => [one.name, () => work(one)]),
          round,
          conditions,
          round > 0 ? measure : undefined,
        );
    conditions.note(`lists of ${count}`);
  }
}

async function inParallel<T>(items: T[], signal: AbortSignal, work: (item: T) => Promise<unknown>): Promise<void> {
  // One iterator for all workers: each takes the next item.
  const next = items.values();
  const worker = async () => {
    for (const item of next) {
      signal.throwIfAborted();
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}
