/** The command that runs test files in one process of the project's Node with our reporter. */
import { join } from 'node:path';

/** One test may take this long, unless it sets a limit of its own. */
const testTimeoutMs = 180_000;

export function nodeTestArguments(root: string, files: readonly string[], flags: readonly string[] = []): string[] {
  return [
    join(root, 'node_modules', 'node', 'bin', 'node'),
    ...flags,
    '--test',
    '--test-isolation=none',
    `--test-timeout=${testTimeoutMs}`,
    `--test-reporter=${join(root, 'tools', 'test-reporter.ts')}`,
    '--test-reporter-destination=stdout',
    ...files,
  ];
}
