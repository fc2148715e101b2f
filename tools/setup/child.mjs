/**
 * Programs that the set-up runs. Their output goes to a log under .cache/logs; the last line is shown as progress, and a
 * failure quotes the end of the log and names it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { logsDir, root } from './places.mjs';
import { SetupError } from './progress.mjs';

/** Runs a program to its end; rejects with a `SetupError` on a missing program or an exit code other than 0. */
export async function runLogged(name, file, args, { env = process.env, cwd = root, report = () => {}, help } = {}) {
  mkdirSync(logsDir, { recursive: true });
  const logPath = join(logsDir, `${name}.log`);
  const log = createWriteStream(logPath);
  log.write(`$ ${file} ${args.join(' ')}\n`);
  const child = spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      log.write(text);
      tail = (tail + text).slice(-2000);
      report(lastLine(tail));
    });
  }
  const ended = await new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  log.end();
  await once(log, 'close');
  if (ended.code === 0) return;
  const what = ended.error
    ? ended.error.message
    : ended.signal
      ? `ended by ${ended.signal}`
      : `exit code ${ended.code}`;
  const quoted = tail.trim().split('\n').slice(-6).join('\n  ');
  throw new SetupError(`${file} ${args.join(' ').slice(0, 200)}: ${what}\n  ${quoted}`, { help, log: logPath });
}

/** Runs a quick program and returns `{ status, stdout, stderr }`; a missing program has status 127. */
export function runQuick(file, args, { env = process.env, timeoutMs = 60_000 } = {}) {
  const done = spawnSync(file, args, {
    env,
    cwd: root,
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.error?.code === 'ENOENT') return { status: 127, stdout: '', stderr: `${file}: not found` };
  if (done.error) return { status: 124, stdout: done.stdout ?? '', stderr: done.error.message };
  return { status: done.status ?? 128, stdout: done.stdout, stderr: done.stderr };
}

function lastLine(text) {
  return (
    text
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== '')
      .at(-1) ?? ''
  );
}
