/** The examples of the guide and of README are run as they stand there (A28). */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { gast, importImage, lacking, startDaemon, type TestDaemon } from '../daemon.ts';
import { pageExamples } from './page-examples.ts';

const root = join(import.meta.dirname, '../..');
const skip = lacking();

/** What needs a terminal, the package mirrors or the project's own start; each is tried in another test. */
const elsewhere = [/ shell /, /apt-get/, /^npm /, /file push site\.html/];

/** As a person would in the checkout, with `gast` in the path. */
function run(daemon: TestDaemon, line: string): Promise<{ code: number | null; output: string }> {
  const env = { ...daemon.env, PATH: `${dirname(gast)}:${daemon.env.PATH}`, GASTHOF_CONF: `${daemon.directory}/conf` };
  const child = spawn('/bin/sh', ['-c', line], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (part: Buffer) => {
    output += part.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

async function runPage(page: string, image: 'debian12' | 'busybox' = 'debian12'): Promise<void> {
  await using daemon = await startDaemon();
  await importImage(daemon, image, 'debian/12');
  const lines = pageExamples(page).filter((line) => !elsewhere.some((pattern) => pattern.test(line)));
  assert.ok(lines.length >= 5, `${page} has examples`);
  for (const line of lines) {
    const { code, output } = await run(daemon, line);
    assert.equal(code, 0, `${page}: ${line}\n${output}`);
  }
}

test('the guide: first steps', { skip }, () => runPage('docs/guide/first-steps.md'));
test('README: what next', { skip }, () => runPage('README.md'));

/** Their examples need no whole Debian. (docs/guide/rootless.md: rootless-own-daemon.test.ts.) */
const pages = [
  'networks',
  'storage',
  'devices',
  'remotes',
  'images',
  'backups-and-moves',
  'projects',
  'coming-from-incus',
];
for (const page of pages) test(`the guide: ${page}`, { skip }, () => runPage(`docs/guide/${page}.md`, 'busybox'));
