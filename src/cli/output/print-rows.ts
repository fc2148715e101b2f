/** Prints a list in the format that the user asked for: the commands only name columns. */
import { usageError } from '../cli-error.ts';
import { text } from '../command.ts';
import type { Context } from '../context.ts';
import { renderCompact, renderCsv, renderTable, type TableStyle } from './table.ts';
import { paint, stateColour, usesUnicode } from './terminal-style.ts';
import { toYaml } from './yaml.ts';

export const formats = ['table', 'compact', 'csv', 'json', 'yaml'] as const;
export const formatOption = text('-f, --format <format>', 'table, compact, csv, json or yaml', formats);

export type Column<T> = { header: string; value(item: T): string };

/** `json` and `yaml` print the objects of the API as they are. */
export async function printRows<T>(
  context: Context,
  format: string | undefined,
  columns: readonly Column<T>[],
  items: readonly T[],
  objects: unknown = items,
): Promise<void> {
  const [kind, modifier] = (format ?? 'table').split(',');
  if (kind === 'json' || kind === 'yaml') return printObject(context, kind, objects);
  const rows = items.map((item) => columns.map((column) => column.value(item)));
  const headers = columns.map((column) => column.header);
  const style = styleFor(context, headers);
  if (kind === 'table') return context.print(renderTable(headers, rows, style));
  if (kind === 'compact') return context.print(renderCompact(headers, rows, style));
  if (kind !== 'csv') throw usageError(`Unknown format "${format}"`, `one of ${formats.join(', ')}`);
  return context.print(renderCsv(modifier === 'header' ? [headers, ...rows] : rows));
}

export async function printObject(context: Context, format: string, value: unknown): Promise<void> {
  if (format === 'json') return context.print(`${JSON.stringify(value, undefined, context.isTerminal ? 2 : 0)}\n`);
  if (format === 'yaml') return context.print(await toYaml(value));
  throw usageError(`Unknown format "${format}"`, 'json or yaml');
}

function styleFor(context: Context, headers: readonly string[]): TableStyle {
  const states = new Set(['STATE', 'STATUS']);
  return {
    unicode: usesUnicode(context.env) && context.isTerminal,
    bold: (cell) => paint('bold', cell, context.colour),
    cell: (cell, column) =>
      paint(states.has(headers[column] ?? '') ? stateColour(cell) : undefined, cell, context.colour),
  };
}
