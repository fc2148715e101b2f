/** The daemon's end of the relay process: finds it, starts it when it is needed, and calls it. */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { doormanPath } from '../host/outside.ts';
import { spawnProgram } from '../host/spawn.ts';
import { HostError } from '../lib/host-error.ts';
import { createKeyedQueue } from '../lib/keyed-queue.ts';
import type { RelayAnswer, RelayCall } from './relay-calls.ts';

export type RelayProcess = Disposable & {
  /** Starts the process when it does not run. */
  call(call: RelayCall): Promise<RelayAnswer>;
  /** Undefined when it does not run. */
  callIfRunning(call: RelayCall): Promise<RelayAnswer | undefined>;
};

const startTimeoutMs = 20_000;
const callTimeoutMs = 15_000;
const startsAtMost = 3;

export function createRelayProcess(options: {
  socket: string;
  log: string;
  /** The process is gone, asked to or not. */
  onEnd: () => void;
}): RelayProcess {
  const inTurn = createKeyedQueue();
  const isTold = () => !disposed && options.onEnd();
  let disposed = false;
  let watcher: Socket | undefined;
  /** Of the last one that was started here: its ports are free only when it is gone. */
  let ended: Promise<unknown> = Promise.resolve();

  /** One connection that nothing is said on: it ends with the process. */
  const watch = async () => {
    if (watcher || disposed) return;
    const connection = await tryConnect(options.socket);
    // Gone already.
    if (!connection) return void isTold();
    watcher = connection.unref().resume();
    connection.once('close', () => {
      watcher = undefined;
      isTold();
    });
  };

  const ask = (connection: Socket, call: RelayCall) =>
    new Promise<RelayAnswer>((resolve, reject) => {
      const failed = () => reject(new RelayGone(options.log));
      connection.once('close', failed);
      connection.setTimeout(callTimeoutMs, () => {
        reject(new HostError(`the process that carries proxies does not answer`, { help: `see ${options.log}` }));
        connection.destroy();
      });
      let text = '';
      connection.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (!text.endsWith('\n')) return;
        connection.off('close', failed);
        connection.destroy();
        resolve(JSON.parse(text) as RelayAnswer);
      });
      connection.write(`${JSON.stringify(call)}\n`);
    });

  const start = async () => {
    mkdirSync(dirname(options.socket), { recursive: true });
    await ended;
    // Nobody is left who would end it.
    if (disposed) throw new HostError('the process that carries proxies is not started any more: the daemon ends');
    let gone = false;
    const log = openSync(options.log, 'w', 0o600);
    try {
      const { exited } = spawnProgram(
        process.execPath,
        ['--max-semi-space-size=2', entry(), options.socket, doormanPath() ?? ''],
        {
          stdio: ['ignore', log, log],
          detached: true,
        },
      );
      ended = exited.then(() => {
        gone = true;
      });
    } finally {
      closeSync(log);
    }
    const deadline = Date.now() + startTimeoutMs;
    for (;;) {
      const connection = await tryConnect(options.socket);
      if (connection) return connection;
      if (gone) throw new RelayGone(options.log);
      if (Date.now() > deadline)
        throw new HostError('the process that carries proxies does not start', { help: `see ${options.log}` });
      await setTimeout(10);
    }
  };

  /** It may just be ending, for want of proxies, or be killed. Only one that is gone is followed by another. */
  const untilAnswered = async (call: RelayCall) => {
    for (let left = startsAtMost; ; left--) {
      try {
        return await ask((await tryConnect(options.socket)) ?? (await start()), call);
      } catch (error) {
        if (!(error instanceof RelayGone) || left === 0) throw error;
      }
    }
  };
  const callIfRunning = async (call: RelayCall) => {
    const connection = await tryConnect(options.socket);
    return connection && ask(connection, call);
  };
  const checked = (answer: RelayAnswer) => {
    if (answer.error !== undefined) throw new HostError(answer.error, answer.errno ? { errno: answer.errno } : {});
    return answer;
  };

  return {
    call: (call) =>
      inTurn('', async () => {
        const answer = await untilAnswered(call);
        await watch();
        return checked(answer);
      }),
    callIfRunning: (call) =>
      inTurn('', async () => {
        const answer = await callIfRunning(call).catch((error: unknown) => {
          if (error instanceof RelayGone) return undefined;
          throw error;
        });
        if (answer) await watch();
        return answer && checked(answer);
      }),
    [Symbol.dispose]() {
      disposed = true;
      watcher?.destroy();
    },
  };
}

class RelayGone extends HostError {
  constructor(log: string) {
    super('the process that carries proxies ended in the middle of a call', { help: `see ${log}` });
  }
}

/** What goes wrong afterwards ends in `close`. */
function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const connection = connect(path);
    connection.once('connect', () => resolve(connection));
    connection.on('error', () => resolve(undefined));
  });
}

/** Beside this file, or beside the bundle that it is a part of. */
function entry(): string {
  const here = import.meta.dirname;
  const places = [join(here, 'relay-main.ts'), join(here, 'gasthof-relay.cjs'), join(here, '../gasthof-relay.cjs')];
  const found = places.find((path) => existsSync(path));
  if (!found) throw new HostError('the program that carries proxies is missing from this installation');
  return found;
}
