/** Runs one process of tests with a time limit, collects its report, and judges how it ended. */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure, type Result, readReport } from './results.ts';

export type Ended = { results: Result[]; output: string; durationMs: number };

/** At most this much of what the tests print is shown when they fail. */
const shownOutputBytes = 8000;

/** Descriptor of the report in the child: 3, behind standard input, output and error. */
const reportDescriptor = 3;

/** `label` names the process in failures. The whole process group is killed at the time limit. */
export async function runTests(
  label: string,
  argv: readonly string[],
  options: { cwd: string; timeoutMs: number; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const startedAt = Date.now();
  const dir = mkdtempSync(join(tmpdir(), 'gasthof-report-'));
  const reportPath = join(dir, 'report');
  const report = openSync(reportPath, 'a');
  try {
    const [file = '', ...args] = argv;
    const env = { ...(options.env ?? process.env), GASTHOF_TEST_RESULTS_FD: String(reportDescriptor) };
    const child = spawn(file, args, {
      cwd: options.cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', report],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-shownOutputBytes);
      });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    }, options.timeoutMs);
    const ending = await endOf(child);
    clearTimeout(timer);
    child.stdout?.destroy();
    child.stderr?.destroy();
    const durationMs = Date.now() - startedAt;
    const { results, complete, lastStarted } = readReport(readFileSync(reportPath, 'utf8'));
    const failed = results.some((result) => result.outcome === 'failed');
    const add = (text: string) => results.push(failure(label, '(process)', `${text}\n${output}`, durationMs));
    const last = lastStarted ? `; the last test that had started: ${lastStarted}` : '';
    if (timedOut && complete) add('all tests ended, but the process did not: something is left open');
    else if (timedOut) add(`no end after ${options.timeoutMs / 1000} s, killed${last}`);
    else if (!complete) add(`crashed (${ending})${last}`);
    else if (ending !== 'exit code 0' && !failed) add(`ended with ${ending}, although no test failed`);
    else if (results.length === 0) add('ran no test');
    return { results, output, durationMs };
  } finally {
    closeSync(report);
    rmSync(dir, { recursive: true });
  }
}

function endOf(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // Not "close": a daemon that a test left behind would hold the pipes open.
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
