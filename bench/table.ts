/** Prints what was measured as a Markdown table against the budgets. */
import { type Budget, type MeasureName, measures, type Results, type SubjectName, subjectNames } from './measures.ts';
import { told } from './sample.ts';

/** `missing` says for a subject why it has no numbers at all. */
export function table(results: Results, missing: Partial<Record<SubjectName, string>>): string {
  const lines = Object.entries(measures).map(
    ([name, measure]: [string, { what: string; unit: string; budget?: Budget }]) => {
      const cells = results.cells(name as MeasureName);
      const verdict = cells.gasthof && measure.budget?.judge(cells, cells.gasthof);
      return [
        `${measure.what} (${measure.unit})`,
        ...subjectNames.map((subject) => {
          const samples = cells[subject];
          return samples ? told(samples) : (missing[subject] ?? '-');
        }),
        measure.budget?.text ?? '-',
        verdict ? `${verdict.kept ? 'yes' : 'NO'} (${verdict.value})` : '-',
      ];
    },
  );
  const all = [
    ['measure', ...subjectNames, 'budget', 'kept'],
    ['---', ...subjectNames.map(() => '---'), '---', '---'],
    ...lines,
  ];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? [];
  return all
    .map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`)
    .join('');
}
