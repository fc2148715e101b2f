/** The laws of the engine port, for every engine. `open` gives an engine and specs of guests that can run on it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine, EngineEvent, ExecSession, GuestSpec } from '../../src/core/ports/engine.ts';
import { HostError } from '../../src/lib/host-error.ts';

export type EngineLab = AsyncDisposable & {
  engine: Engine;
  spec(id: string, overrides?: Partial<GuestSpec>): GuestSpec;
  /** Waits until a guest that was started can be asked to do something; absent: at once. */
  ready?(id: string): Promise<void>;
  /** Limits of memory that a guest can start with, and be given while it runs. @default 64 and 96 MiB */
  memory?: { first: number; later: number };
};

type Lab = Omit<EngineLab, typeof Symbol.asyncDispose> & { up(spec: GuestSpec): Promise<void> };

type SuiteOptions = {
  skip?: string | false;
  /** Why a shell at a terminal cannot be tried. */
  noShell?: string;
};

const defaultMemory = { first: 64 * 2 ** 20, later: 96 * 2 ** 20 };
const one = '0000000000a1';
const two = '0000000000b2';

export function engineSuite(name: string, open: () => Promise<EngineLab>, options: SuiteOptions = {}) {
  const law = (what: string, body: (lab: Lab) => Promise<void>, skip = options.skip ?? false) =>
    test(`${name}: ${what}`, { skip }, async () => {
      await using lab = await open();
      const up = async (spec: GuestSpec) => {
        await running(lab.engine, spec);
        await lab.ready?.(spec.id);
      };
      await body({ ...lab, up });
    });

  law('a guest goes through created, running, ended; after remove nothing is known of it', async ({ engine, spec }) => {
    const seen = async () => (await engine.observe()).map(({ id, state }) => [id, state]);
    const { pid } = await engine.create(spec(one));
    assert.ok(pid > 0);
    assert.deepEqual(await seen(), [[one, 'created']]);
    await engine.start(one);
    assert.deepEqual(await seen(), [[one, 'running']]);
    const ended = nextEnd(engine, one);
    await engine.kill(one);
    assert.deepEqual(await ended, { type: 'ended', id: one, cause: { kind: 'killed', signal: 'SIGKILL' } });
    const [after] = await engine.observe();
    assert.ok(after?.state === 'ended' && after.cause.kind === 'killed');
    await engine.remove(one);
    assert.deepEqual(await engine.observe(), []);
  });

  law('remove works in every state, and of what is unknown', async ({ engine, spec, up }) => {
    await engine.remove(two);
    await engine.create(spec(one));
    await engine.remove(one);
    await up(spec(one));
    await engine.remove(one);
    await up(spec(one));
    await engine.freeze(one);
    await engine.remove(one);
    assert.deepEqual(await engine.observe(), []);
  });

  law('a guest freezes whatever it is just doing', async ({ engine, spec }) => {
    for (let round = 0; round < 6; round++) {
      await running(engine, spec(one));
      await engine.freeze(one);
      await engine.remove(one);
    }
  });

  law('create of an existing guest is refused and does not disturb it', async ({ engine, spec, up }) => {
    await up(spec(one));
    await assert.rejects(engine.create(spec(one)), HostError);
    assert.equal((await engine.observe())[0]?.state, 'running');
    await engine.remove(one);
  });

  law('an aborted create leaves nothing behind', async ({ engine, spec }) => {
    await assert.rejects(engine.create(spec(one), { signal: AbortSignal.abort() }));
    const controller = new AbortController();
    const making = engine.create(spec(one), { signal: controller.signal });
    setImmediate(() => controller.abort());
    await making.then(() => engine.remove(one)).catch(() => {});
    assert.deepEqual(await engine.observe(), []);
  });

  law('ids that are none are refused before anything happens', async ({ engine, spec }) => {
    for (const id of ['', '../../../../etc', 'web', '0000000000A1'])
      await assert.rejects(async () => engine.create(spec(id)), HostError);
  });

  law('exec passes streams and exit code', async ({ engine, spec, up }) => {
    await up(spec(one));
    assert.deepEqual(await outcome(await engine.exec(one, command('echo', 'hello'))), ['hello\n', 0]);
    const cat = await engine.exec(one, command('cat'));
    cat.stdin.end('round trip');
    assert.deepEqual(await outcome(cat), ['round trip', 0]);
    const failing = await engine.exec(one, command('sh', '-c', 'exit 7'));
    assert.deepEqual(await outcome(failing), ['', 7]);
    const missing = await engine.exec(one, command('no-such-command'));
    assert.equal((await outcome(missing))[1], 127);
    await engine.remove(one);
  });

  law('exec: a signal ends the command with 128 and its number, kill with 137', async ({ engine, spec, up }) => {
    await up(spec(one));
    const first = await engine.exec(one, command('cat'));
    first.signal(15);
    assert.equal((await outcome(first))[1], 143);
    const second = await engine.exec(one, command('cat'));
    second.kill();
    assert.equal(await second.exitCode, 137);
    await engine.remove(one);
  });

  law(
    'exec with a terminal: its size, interrupts, job control, exit code, kill',
    async ({ engine, spec, up }) => {
      await up(spec(one));
      const shell = await engine.exec(one, { ...command('sh'), terminal: { width: 99, height: 33 } });
      assert.equal(shell.stderr, undefined);
      const said = listen(shell);
      shell.stdin.write('tty; stty size; echo "<$((40 + 2))>"\n');
      await said(/\/dev\/pts\/\d+\r\n33 99\r\n<42>\r\n/);
      shell.resize(50, 20);
      shell.resize(120, 40);
      // What is typed meanwhile is not lost, and answered by the last size at some time.
      shell.stdin.write('until [ "$(stty size)" = "40 120" ]; do :; done; echo "<$((1 + 1)) resized>"\n');
      await said(/<2 resized>/);
      shell.stdin.write(`sh -c 'echo "<$((2 + 2))>"; exec sleep 1000'\n`);
      await said(/<4>/);
      shell.stdin.write('\x03');
      // The kernel forgets what was typed before the interrupt is answered.
      await said(/\^C[^<]*# /);
      shell.stdin.write('echo "<$? of $((3 + 3))>"\n');
      await said(/<130 of 6>/);
      shell.stdin.write('exit 7\n');
      assert.equal(await shell.exitCode, 7);
      const killed = await engine.exec(one, { ...command('sleep', '1000'), terminal: { width: 80, height: 24 } });
      killed.stdout.resume();
      killed.kill();
      assert.equal(await killed.exitCode, 137);
      const interrupted = await engine.exec(one, command('sleep', '1000'));
      interrupted.signal(2);
      assert.equal((await outcome(interrupted))[1], 130);
      await engine.remove(one);
    },
    options.noShell ?? options.skip,
  );

  law('what needs a running guest says so otherwise', async ({ engine, spec }) => {
    await engine.create(spec(one));
    for (const call of [
      () => engine.exec(one, command('true')),
      () => engine.usage(one),
      () => engine.freeze(one),
      () => engine.console(one),
      () => engine.update(two, {}),
      () => engine.rootPath(two),
    ])
      await assert.rejects(async () => call(), HostError);
    await engine.remove(one);
  });

  law('a frozen guest is told as such and goes on', async ({ engine, spec, up }) => {
    await up(spec(one));
    await engine.freeze(one);
    assert.equal((await engine.observe())[0]?.state, 'frozen');
    await engine.unfreeze(one);
    assert.equal((await engine.observe())[0]?.state, 'running');
    assert.deepEqual(await outcome(await engine.exec(one, command('echo', 'x'))), ['x\n', 0]);
    await engine.remove(one);
  });

  law('limits are shown by usage and change live', async ({ engine, spec, up, memory = defaultMemory }) => {
    await up(spec(one, { limits: { memoryBytes: memory.first, processes: 50 } }));
    assert.equal((await engine.usage(one)).memoryLimitBytes, memory.first);
    await engine.update(one, { memoryBytes: memory.later });
    assert.equal((await engine.usage(one)).memoryLimitBytes, memory.later);
    await engine.remove(one);
  });

  law('two guests live side by side', async ({ engine, spec, up }) => {
    await Promise.all([up(spec(one)), up(spec(two))]);
    assert.deepEqual((await engine.observe()).map(({ id }) => id).sort(), [one, two]);
    await engine.remove(one);
    assert.deepEqual(
      (await engine.observe()).map(({ id, state }) => [id, state]),
      [[two, 'running']],
    );
    await engine.remove(two);
  });
}

export async function running(engine: Engine, spec: GuestSpec): Promise<{ pid: number }> {
  const made = await engine.create(spec);
  await engine.start(spec.id);
  return made;
}

export function command(...words: string[]) {
  const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  return { command: words, environment, cwd: '/', user: 0, group: 0 };
}

/** Everything written to standard output, and the exit code. */
export async function outcome(session: ExecSession): Promise<[string, number]> {
  session.stderr?.resume();
  let text = '';
  session.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  return [await session.exitCode.then((code) => code), text].reverse() as [string, number];
}

/** Waits until all that came so far has the pattern in it; says what came where it does not within a minute. */
function listen(session: ExecSession): (pattern: RegExp) => Promise<void> {
  let text = '';
  let look = () => {};
  session.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
    look();
  });
  return (pattern) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${pattern} in ${JSON.stringify(text)}`)), 60_000);
      look = () => {
        if (!pattern.test(text)) return;
        clearTimeout(late);
        resolve();
      };
      look();
    });
}

/** The next end of this guest, as `watch` tells it. */
export function nextEnd(engine: Engine, id: string): Promise<EngineEvent> {
  const { promise, resolve } = Promise.withResolvers<EngineEvent>();
  const subscription = engine.watch((event) => {
    if (event.type === 'ended' && event.id === id) resolve(event);
  });
  return promise.finally(() => subscription[Symbol.dispose]());
}
