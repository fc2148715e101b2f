/** Where a daemon under test is to be killed, and how the test and the daemon tell each other. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type KillPoint = {
  /** Description of the operation, and the name of its step. */
  work: string;
  step: string;
  /** Just before it, just after it, or so many milliseconds after its beginning. */
  when: 'running' | 'done' | number;
};

/** A step as the daemon reported it. */
export type SeenStep = { work: string; step: string; status: string; durationMs: number };

export function arm(directory: string, point: KillPoint): void {
  writeFileSync(join(directory, 'kill-at'), JSON.stringify(point));
}

export function disarm(directory: string): void {
  rmSync(join(directory, 'kill-at'), { force: true });
}

/** The steps since the last call. */
export function takeSteps(directory: string): SeenStep[] {
  const file = join(directory, 'steps');
  try {
    return readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as SeenStep);
  } catch {
    return [];
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * Just before the first step, just after each, and in the midst of those that take their time. The moment after a step is
 * the moment before the next: nothing runs between the two reports.
 */
export function killPoints(seen: readonly SeenStep[]): KillPoint[] {
  const points: KillPoint[] = [];
  for (const { work, step, status, durationMs } of seen) {
    const isFirst = !points.some((point) => point.work === work);
    if (status === 'running' && isFirst) points.push({ work, step, when: 'running' });
    if (status !== 'done') continue;
    if (durationMs > 4) points.push({ work, step, when: Math.round(durationMs / 2) });
    points.push({ work, step, when: 'done' });
  }
  return points;
}

export const tell = ({ work, step, when }: KillPoint) =>
  `${work}: ${typeof when === 'number' ? `${when} ms into` : when === 'running' ? 'before' : 'after'} "${step}"`;
