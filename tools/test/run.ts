/**
 * Runs the chosen tests group by group and adds everything up; the last line is `N passed, N failed[, N skipped]`.
 * Started by tools/test.mjs under the project's Node.
 */
import { dirname } from 'node:path';
import { reasonToSkipFile, rootlessSkips } from '../../test/rootless-skips.ts';
import { builtVariable } from '../../test/tested.ts';
import { checkBuild, checkStyle, checkTypes } from './checks.ts';
import { labelOf, runInLaboratories } from './laboratory.ts';
import { nodeTestArguments } from './node-test.ts';
import { runTests } from './process.ts';
import { closing, closingLine, failure, failures, type Result, skip, unusedSkips } from './results.ts';
import { type Group, select, testFiles } from './selection.ts';
import { ensureTestImages } from './test-images.ts';

const root = dirname(dirname(import.meta.dirname));
const unitTimeoutMs = 5 * 60_000;
const freshTimeoutMs = 20 * 60_000;

const runners: Record<Group, (files: string[]) => Promise<Result[]> | Result[]> = {
  types: () => checkTypes(root),
  lint: () => checkStyle(root),
  unit: async (files) => {
    if (files.length === 0) return [];
    return (await runTests('unit', nodeTestArguments(root, files), { cwd: root, timeoutMs: unitTimeoutMs })).results;
  },
  integration: (files) => inLaboratories(files, 'root'),
  e2e: (files) => inLaboratories(files, 'root'),
  rootless: async (files) => {
    const skipped = files.flatMap((file) => {
      const reason = reasonToSkipFile(file);
      return reason === undefined ? [] : [skip(labelOf({ file, as: 'user' }), reason)];
    });
    const started = files.filter((file) => reasonToSkipFile(file) === undefined);
    const results = [...skipped, ...(await inLaboratories(started, 'user'))];
    return [...results, ...unusedSkips(rootlessSkips, results)];
  },
  fresh: async (files) => {
    if (process.argv.slice(2).some((word) => word.startsWith('fresh'))) process.env.GASTHOF_FRESH = '1';
    return (await runTests('fresh', nodeTestArguments(root, files), { cwd: root, timeoutMs: freshTimeoutMs })).results;
  },
};

try {
  const selection = select(testFiles(root), process.argv.slice(2));
  const results: Result[] = [];
  for (const [group, files] of selection) {
    const startedAt = Date.now();
    const own = await runners[group](files);
    show(group, own, Date.now() - startedAt);
    results.push(...own);
  }
  process.stdout.write(`\n${closing(results)}\n`);
  const failed = results.some((result) => result.outcome === 'failed');
  process.exitCode = failed || !results.some((result) => result.outcome === 'passed') ? 1 : 0;
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : error}\n\n0 passed, 1 failed\n`);
  process.exitCode = 1;
}

async function inLaboratories(files: string[], as: 'root' | 'user'): Promise<Result[]> {
  if (files.length === 0) return [];
  if (process.getuid?.() !== 0) return files.map((file) => skip(file, 'needs root'));
  const results: Result[] = [];
  if (!process.env[builtVariable]) {
    results.push(...checkBuild(root));
    if (results.some(({ outcome }) => outcome === 'failed')) return results;
    process.env[builtVariable] = '1';
  }
  try {
    await ensureTestImages((text) => process.stdout.write(`  ${text}\n`));
  } catch (error) {
    results.push(failure('tools/test/test-images.ts', 'test images', String(error)));
  }
  return [...results, ...(await runInLaboratories(root, files, as, showFile))];
}

function showFile(file: string, results: readonly Result[], durationMs: number): void {
  show(file, results, durationMs);
  for (const text of failures(results)) process.stdout.write(`${text}\n`);
}

function show(title: string, results: readonly Result[], durationMs: number): void {
  process.stdout.write(`${title}: ${closingLine(results)}  (${(durationMs / 1000).toFixed(1)} s)\n`);
}
