import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './run.ts';
import { spawnProgram } from './spawn.ts';

test('a program gets its words, its input, its environment and its directory, and nothing else', async () => {
  const script =
    'cat; printf "%s|" "$1" "$MARK" "$PWD"; ls /proc/self/fd | tr "\\n" " "; env | cut -d= -f1 | sort | tr "\\n" " "';
  const { stdout } = await run('sh', ['-c', script, 'sh', 'a b'], { input: 'in:', env: { MARK: 'm' }, cwd: '/usr' });
  const [words, rest] = [stdout.slice(0, stdout.lastIndexOf('|') + 1), stdout.slice(stdout.lastIndexOf('|') + 1)];
  assert.equal(words, 'in:a b|m|/usr|');
  // 3 is the directory that ls reads.
  assert.match(rest, /^0 1 2 3 (?:_ )?LC_ALL MARK (?:OLDPWD )?PATH PWD/);
});

test('signals that Node ignores are not ignored by its children', async () => {
  const { stdout } = await run('grep', ['-E', 'Sig(Ign|Blk)', '/proc/self/status']);
  assert.deepEqual(stdout.match(/[0-9a-f]{16}/g), ['0'.repeat(16), '0'.repeat(16)]);
});

test('ends are told: exit code, signal, a missing program, a timeout, an abort', async () => {
  await assert.rejects(run('sh', ['-c', 'echo no >&2; exit 3']), { exitCode: 3, message: /exit code 3: no/ });
  assert.equal((await run('sh', ['-c', 'exit 3'], { accept: [3] })).exitCode, 3);
  await assert.rejects(run('sh', ['-c', 'kill -TERM $$']), { exitCode: 143, message: /ended by SIGTERM/ });
  await assert.rejects(run('no-such-program', []), { errno: 'ENOENT', help: /install/ });
  await assert.rejects(run('/etc/passwd', []), { errno: 'EACCES' });
  await assert.rejects(run('sleep', ['60'], { timeoutMs: 20 }), /no end after 20 ms/);
  await assert.rejects(run('sleep', ['60'], { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' });
});

test('many children at once are all reaped, each with its own end', async () => {
  const children = Array.from({ length: 40 }, (_, index) => spawnProgram('sh', ['-c', `exit ${index}`], { stdio: [] }));
  const ends = await Promise.all(children.map(({ exited }) => exited));
  assert.deepEqual(
    ends.map(({ exitCode }) => exitCode),
    children.map((_, index) => index),
  );
});

test('large outputs come whole', async () => {
  const { stdout } = await run('head', ['-c', '3000000', '/dev/zero']);
  assert.equal(stdout.length, 3_000_000);
});
