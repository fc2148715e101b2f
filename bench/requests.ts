/** Requests per second on one path, by a client process of its own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MeasureName } from './measures.ts';
import type { Conditions } from './rounds.ts';
import { actions, named, type Subject } from './subject.ts';

const run = promisify(execFile);

export async function requestRounds(subjects: Subject[], milliseconds: number, conditions: Conditions): Promise<void> {
  for (const subject of subjects) await actions(subject).launch('r', 'tiny');
  const rows = (subject: Subject): [MeasureName, string, number][] => {
    const instance = `/1.0/instances/${named(subject, 'r')}`;
    return [
      ['ready1', '/internal/ready', 1],
      ['ready10', '/internal/ready', 10],
      ['instance1', instance, 1],
      ['instance10', instance, 10],
    ];
  };
  for (let pass = 0; pass < 3; pass++)
    for (const row of [0, 1, 2, 3])
      for (const subject of subjects) {
        conditions.signal.throwIfAborted();
        const chosen = rows(subject)[row];
        if (!chosen) continue;
        const [measure, path, connections] = chosen;
        conditions.results.add(measure, subject.name, await perSecond(subject, path, connections, milliseconds));
      }
  for (const subject of subjects) {
    await actions(subject).stop('r');
    await actions(subject).delete('r');
  }
  conditions.note('requests per second');
}

async function perSecond(subject: Subject, path: string, connections: number, milliseconds: number): Promise<number> {
  const { stdout } = await run(process.execPath, [
    join(import.meta.dirname, 'http-load.ts'),
    subject.client.socketPath,
    path,
    String(connections),
    String(milliseconds),
  ]);
  return Number(stdout);
}
