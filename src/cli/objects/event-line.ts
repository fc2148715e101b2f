/** One event in one readable line. Pure. */
import type { Event, Lifecycle } from '../../api/resources/events.ts';
import type { Operation } from '../../api/resources/operations.ts';
import { progressOf } from '../output/operation-progress.ts';
import { printable } from '../output/text-width.ts';

export function eventLine(event: Event): string {
  const time = new Date(event.timestamp).toISOString().slice(11, 23);
  const sequence = event.sequence === undefined ? '' : ` #${event.sequence}`;
  return printable(`${time}${sequence} ${event.type.padEnd(9)} ${detail(event)}`);
}

function detail(event: Event): string {
  if (event.type === 'lifecycle') return lifecycleText(event.metadata as Lifecycle);
  if (event.type === 'operation') return operationText(event.metadata as Operation);
  const { level, message, context } = event.metadata as {
    level?: string;
    message?: string;
    context?: Record<string, unknown>;
  };
  return [level, message, ...pairs(context)].filter((word) => word !== undefined).join(' ');
}

function lifecycleText({ action, source, requestor, context }: Lifecycle): string {
  const who = requestor?.username ? [`by ${requestor.username}`] : [];
  return [action, source.replace(/^\/1\.0\//, ''), ...pairs(context), ...who].join(' ');
}

function operationText(operation: Operation): string {
  const { id, status, description, err } = operation;
  const progress = operation.status_code < 200 ? progressOf(operation).text : '';
  return [id.slice(0, 8), status, description, progress, err].filter((word) => word !== '').join(' ');
}

const pairs = (context: Readonly<Record<string, unknown>> | undefined | null) =>
  Object.entries(context ?? {}).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
