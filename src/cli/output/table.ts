/** Rows as text: a table with borders, a compact one, or CSV. Pure. */
import { padText, printable, textWidth } from './text-width.ts';

export type TableStyle = { unicode: boolean; bold(text: string): string; cell(text: string, column: number): string };
export const plainStyle: TableStyle = { unicode: false, bold: (text) => text, cell: (text) => text };

type Borders = { bar: string; line: string; corners: readonly (readonly [string, string, string])[] };
const ascii: Borders = {
  bar: '|',
  line: '-',
  corners: [
    ['+', '+', '+'],
    ['+', '+', '+'],
    ['+', '+', '+'],
  ],
};
const unicode: Borders = {
  bar: '│',
  line: '─',
  corners: [
    ['┌', '┬', '┐'],
    ['├', '┼', '┤'],
    ['└', '┴', '┘'],
  ],
};

/** A cell may have several lines. */
export function renderTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  style = plainStyle,
): string {
  const { bar, line, corners } = style.unicode ? unicode : ascii;
  const lines = rows.map((row) => row.map((cell) => cell.split('\n').map(printable)));
  const widths = columnWidths(headers, lines);
  const rule = (which: number) => {
    const [left, middle, right] = corners[which] ?? ['+', '+', '+'];
    return left + widths.map((width) => line.repeat(width + 2)).join(middle) + right;
  };
  const paint = (cells: readonly string[], wrap: (text: string, column: number) => string) =>
    `${bar} ${cells.map((cell, i) => wrap(cell, i) + ' '.repeat((widths[i] ?? 0) - textWidth(cell))).join(` ${bar} `)} ${bar}`;
  const body = lines.flatMap((row) => {
    const height = Math.max(1, ...row.map((cell) => cell.length));
    return Array.from({ length: height }, (_, i) =>
      paint(
        row.map((cell) => cell[i] ?? ''),
        style.cell,
      ),
    );
  });
  return [rule(0), paint(headers, style.bold), rule(1), ...body, rule(2), ''].join('\n');
}

/** Columns separated by two blanks, several lines of a cell joined by commas: for eyes and for `awk`. */
export function renderCompact(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  style = plainStyle,
): string {
  const flat = rows.map((row) => row.map((cell) => printable(cell.replaceAll('\n', ', '))));
  const widths = columnWidths(
    headers,
    flat.map((row) => row.map((cell) => [cell])),
  );
  const paint = (cells: readonly string[], wrap: (text: string, column: number) => string) =>
    cells
      .map((cell, i) =>
        i === cells.length - 1 ? wrap(cell, i) : wrap(cell, i) + padText('', (widths[i] ?? 0) - textWidth(cell)),
      )
      .join('  ')
      .trimEnd();
  return [paint(headers, style.bold), ...flat.map((row) => paint(row, style.cell)), ''].join('\n');
}

/** RFC 4180 quoting; no header, as in Incus. */
export function renderCsv(rows: readonly (readonly string[])[]): string {
  const quote = (cell: string) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return rows.map((row) => `${row.map(quote).join(',')}\n`).join('');
}

function columnWidths(headers: readonly string[], rows: readonly (readonly (readonly string[])[])[]): number[] {
  return headers.map((header, i) =>
    rows.reduce((width, row) => Math.max(width, ...(row[i] ?? []).map(textWidth)), textWidth(header)),
  );
}
