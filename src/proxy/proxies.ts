/** The proxies port: connections by the relay process, address translation by a table of the kernel. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownNetwork, type Proxies, type ProxySpec } from '../core/ports/proxies.ts';
import { listNftTables } from '../host/nft-tables.ts';
import { run } from '../host/run.ts';
import { createKeyedQueue } from '../lib/keyed-queue.ts';
import { type CarryForwards, createForwardCarrier } from './carried-forwards.ts';
import { connectToGuest } from './guest-connection.ts';
import { natTable } from './nat-rules.ts';
import { createRelayProcess } from './relay-process.ts';

export type ProxiesOptions = {
  /** For the relay's socket; short, and named after the daemon: it is seen in the process list. */
  runDirectory: string;
  /** For what has to be known after a restart of the daemon. */
  stateDirectory: string;
  log: string;
  /** Of the proxies alone. */
  table: string;
  /** False: this kernel's tables do not see the host's packets; what should be translated is carried. @default true */
  translates?: boolean;
};

export function createProxies(options: ProxiesOptions): Proxies & Disposable & { carryForwards: CarryForwards } {
  mkdirSync(options.stateDirectory, { recursive: true, mode: 0o700 });
  const carried = new Map<string, ProxySpec>();
  const relay = createRelayProcess({
    socket: join(options.runDirectory, 'relay.sock'),
    log: options.log,
    onEnd: () => void inTurn('relay', revive).catch(() => {}),
  });
  const inTurn = createKeyedQueue();

  /**
   * A relay that was killed, for want of memory perhaps, has lost its connections; its proxies come back, before anything
   * else is done or told. Returns what runs.
   */
  const revive = async (): Promise<ProxySpec[]> => {
    const found = (await relay.callIfRunning({ do: 'list' }))?.proxies ?? [];
    const running = new Set(found.map(keyOf));
    for (const [key, spec] of carried) {
      if (running.has(key)) continue;
      // Its guest may be ending, or its port has been taken: the others come back all the same.
      const isBack = await relay.call({ do: 'start', spec }).then(
        () => true,
        () => false,
      );
      if (isBack) found.push(spec);
    }
    return found;
  };
  const file = join(options.stateDirectory, 'nat.json');
  const translated = new Map(readNat(file).map((spec) => [keyOf(spec), spec]));

  const apply = async (next: ProxySpec[]) => {
    // Noted first: rules that nobody knows of would stay.
    writeFileSync(`${file}.new`, JSON.stringify(next), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    await run('nft', ['-f', '-'], { input: natTable(options.table, next) });
    if (next.length === 0) rmSync(file, { force: true });
  };
  const change = (key: string, spec: ProxySpec | undefined) =>
    inTurn('nat', async () => {
      const before = [...translated.values()];
      const next = [...before.filter((other) => keyOf(other) !== key), ...(spec ? [spec] : [])];
      try {
        await apply(next);
      } catch (error) {
        await apply(before).catch(() => {});
        throw error;
      }
      translated.delete(key);
      if (spec) translated.set(key, spec);
    });

  const start = (spec: ProxySpec) =>
    inTurn('relay', async () => {
      if (carried.size > 0) await revive();
      await relay.call({ do: 'start', spec });
      carried.set(keyOf(spec), spec);
    });
  const stop = ({ guest, device }: Pick<ProxySpec, 'guest' | 'device'>) =>
    inTurn('relay', async () => {
      // First: it may be the last one, and the process then ends as it should.
      carried.delete(keyOf({ guest, device }));
      await relay.callIfRunning({ do: 'stop', guest, device });
    });
  const list = () =>
    inTurn('relay', async () => {
      const running = await revive();
      for (const spec of running) carried.set(keyOf(spec), spec);
      return running;
    });

  return {
    start: (spec) => (spec.nat && options.translates !== false ? change(keyOf(spec), spec) : start(spec)),
    stop: (proxy) => (translated.has(keyOf(proxy)) ? change(keyOf(proxy), undefined) : stop(proxy)),
    carryForwards: createForwardCarrier({ start, stop, list }),
    async list() {
      const found = (await list()).filter(({ pid }) => pid !== ownNetwork);
      // A table that somebody flushed carries nothing.
      const isThere = listNftTables().some(({ name, family }) => name === options.table && family === 'inet');
      return [...found, ...(isThere ? translated.values() : [])];
    },
    connect: connectToGuest,
    [Symbol.dispose]: () => relay[Symbol.dispose](),
  };
}

const keyOf = ({ guest, device }: Pick<ProxySpec, 'guest' | 'device'>) => JSON.stringify([guest, device]);

function readNat(file: string): ProxySpec[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProxySpec[];
  } catch {
    return [];
  }
}
