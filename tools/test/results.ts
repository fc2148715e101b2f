/** What the reporter writes and the runner adds up, and the closing lines of a test run. */

export type Outcome = 'passed' | 'failed' | 'skipped';

/** `text` is the error of a failed test or the reason of a skipped one. */
export type Result = { file: string; name: string; outcome: Outcome; text: string; durationMs: number };

export type ReportLine = ({ kind: 'result' } & Result) | { kind: 'started'; name: string } | { kind: 'summary' };

/** What one process of tests left in its report. */
export type Report = { results: Result[]; complete: boolean; lastStarted: string };

export function readReport(text: string): Report {
  const report: Report = { results: [], complete: false, lastStarted: '' };
  for (const line of text.split('\n')) {
    const parsed = parseLine(line);
    if (parsed?.kind === 'result') report.results.push(withoutKind(parsed));
    if (parsed?.kind === 'started') report.lastStarted = parsed.name;
    if (parsed?.kind === 'summary') report.complete = true;
  }
  return report;
}

/** The last line may be cut short when the process was killed. */
function parseLine(line: string): ReportLine | undefined {
  try {
    return JSON.parse(line) as ReportLine;
  } catch {
    return undefined;
  }
}

function withoutKind({ file, name, outcome, text, durationMs }: Result): Result {
  return { file, name, outcome, text, durationMs };
}

export function failure(file: string, name: string, text: string, durationMs = 0): Result {
  return { file, name, outcome: 'failed', text, durationMs };
}

const wholeFile = '(whole file)';

export function skip(file: string, reason: string): Result {
  return { file, name: wholeFile, outcome: 'skipped', text: reason, durationMs: 0 };
}

/** Entries of a list of skips that no test bears out: the test was renamed, or runs by now. */
export function unusedSkips(
  skips: readonly { file: string; test?: string; reason: string }[],
  results: readonly Result[],
): Result[] {
  const ran = (file: string) => results.filter((one) => one.file === file || one.file.startsWith(`${file} `));
  const unused = skips.filter(
    ({ file, test = '', reason }) =>
      ran(file).some(({ outcome }) => outcome === 'passed') &&
      !ran(file).some((one) => one.outcome === 'skipped' && one.text === reason && one.name.includes(test)),
  );
  return unused.map(({ file, test = wholeFile }) =>
    failure(file, test, 'this entry of the list of skips matches no test'),
  );
}

export function count(results: readonly Result[], outcome: Outcome): number {
  return results.filter((result) => result.outcome === outcome).length;
}

/** The end of the output: skips with reasons, failures with errors, and the line that CI reads. */
export function closing(results: readonly Result[]): string {
  const parts: string[] = [];
  for (const result of results.filter((one) => one.outcome === 'skipped'))
    parts.push(`skipped: ${result.file}: ${result.name}: ${result.text}`);
  parts.push(...failures(results), closingLine(results));
  return parts.join('\n');
}

/** What failed, with its error; told when it happens, too. */
export const failures = (results: readonly Result[]): string[] =>
  results
    .filter((one) => one.outcome === 'failed')
    .map((one) => `\nFAILED: ${one.file}: ${one.name}\n${indented(one.text)}`);

export function closingLine(results: readonly Result[]): string {
  const skipped = count(results, 'skipped');
  const line = `${count(results, 'passed')} passed, ${count(results, 'failed')} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

function indented(text: string): string {
  return text.replace(/^/gm, '    ');
}
