/** What an operation says about its progress, in one line. Pure. */
import type { Operation } from '../../api/resources/operations.ts';
import type { ProgressState } from './progress.ts';

export function progressOf(operation: Operation): ProgressState {
  const step = operation.steps?.findLast((one) => one.status === 'running') ?? operation.steps?.at(-1);
  const words = step ? [`${step.position}/${step.total} ${step.name}`] : [];
  const metadata = operation.metadata ?? {};
  for (const [name, value] of Object.entries(metadata)) {
    if (name.endsWith('_progress') && typeof value === 'string' && value !== '') words.push(value);
  }
  const percent = percentOf(metadata.progress) ?? percentIn(words.at(-1));
  if (percent !== undefined) return { text: words.join(', '), fraction: percent / 100 };
  return { text: words.join(', '), fraction: step && step.total > 1 ? (step.position - 1) / step.total : undefined };
}

function percentOf(progress: unknown): number | undefined {
  if (typeof progress !== 'object' || progress === null || !('percent' in progress)) return undefined;
  const percent = Number(progress.percent);
  return Number.isFinite(percent) ? percent : undefined;
}

function percentIn(text: string | undefined): number | undefined {
  const match = /(\d+(?:\.\d+)?)\s*%/.exec(text ?? '');
  return match ? Number(match[1]) : undefined;
}
