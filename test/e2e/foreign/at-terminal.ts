/** What tests of sessions need: a client at a terminal, and waiting for what comes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50)) if (await holds()) return;
  assert.fail(`not in time: ${what}`);
}

/** Runs a client at a terminal; `script` gives it one. Each text is typed when the one before it has been answered. */
export async function atTerminal(command: string, env: Record<string, string>, typed: [after: RegExp, text: string][]) {
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...env, TERM: 'xterm' }, stdio: 'pipe' });
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let seen = '';
  let from = 0;
  child.stdout.on('data', (part: Buffer) => {
    seen += part;
    const [next] = typed;
    const found = next?.[0].exec(seen.slice(from));
    if (!next || !found) return;
    typed.shift();
    from = seen.length;
    child.stdin.write(next[1]);
    // Nothing shows that the first of the two keys has arrived, and both at once are not understood.
    if (next[1] === '\x01') setTimeout(() => child.stdin.write('q'), 300);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, seen };
}
