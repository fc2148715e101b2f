/**
 * The relay: the process that carries the connections of all proxies of one daemon, so that they outlive it and its own
 * work never waits for them. It does what the daemon says on its socket, line by line, and ends when it has no proxy.
 */
import { chmodSync, existsSync, unlinkSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ProxySpec } from '../core/ports/proxies.ts';
import { useDoorman } from '../host/outside.ts';
import { openRelay, type Relay } from './relay.ts';
import type { RelayAnswer, RelayCall } from './relay-calls.ts';

const [, , path = '', doorman = ''] = process.argv;
useDoorman(doorman || undefined);
const running = new Map<string, { spec: ProxySpec; relay: Relay }>();
/** One call after the other. */
let last: Promise<void> = Promise.resolve();

const keyOf = ({ guest, device }: { guest: string; device: string }) => JSON.stringify([guest, device]);
/** Clients may fail as often as they like: the log grows by a line a second at most. */
let quietUntil = 0;
const report = (problem: string) => {
  if (Date.now() < quietUntil) return;
  quietUntil = Date.now() + 1000;
  process.stderr.write(`${new Date().toISOString()} relay: ${problem}\n`);
};

async function stop(key: string): Promise<void> {
  const found = running.get(key);
  running.delete(key);
  await found?.relay[Symbol.asyncDispose]();
}

async function answer(call: RelayCall): Promise<RelayAnswer> {
  switch (call.do) {
    case 'list':
      return { proxies: [...running.values()].map(({ spec }) => spec) };
    case 'stop':
      await stop(keyOf(call));
      return {};
    case 'start':
      await stop(keyOf(call.spec));
      running.set(keyOf(call.spec), { spec: call.spec, relay: await openRelay(call.spec, report) });
      return {};
  }
}

function serve(connection: Socket): void {
  connection.on('error', () => {});
  const lines = createInterface({ input: connection });
  lines.on('line', (line) => {
    last = last.then(async () => {
      const reply = await answer(JSON.parse(line) as RelayCall).catch(
        (error: Error & { errno?: string }): RelayAnswer => ({ error: error.message, errno: error.errno }),
      );
      connection.write(`${JSON.stringify(reply)}\n`, endWhenIdle);
    });
  });
}

/** The daemon starts another one when it needs one. */
function endWhenIdle(): void {
  if (running.size > 0) return;
  server.close();
  if (existsSync(path)) unlinkSync(path);
  process.exit(0);
}

// What goes wrong with one connection must not end the others.
process.on('uncaughtException', (error) => report(error.stack ?? error.message));
process.on('unhandledRejection', (error) => report(String(error)));
if (existsSync(path)) unlinkSync(path);
const server = createServer(serve).listen(path, () => chmodSync(path, 0o600));
