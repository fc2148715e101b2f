/** The engine port in memory, for tests of the whole API without root: it keeps the port's laws, and no process runs. */
import { realpathSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import type { EndCause, Engine, EngineEvent, GuestSpec, Observed, Usage } from '../../src/core/ports/engine.ts';
import { HostError } from '../../src/lib/host-error.ts';
import { type FakeSession, runFakeCommand } from './fake-commands.ts';
import { createFakeMachineParts } from './fake-machine-parts.ts';

type State = { kind: 'created' | 'running' | 'frozen' } | { kind: 'ended'; cause: EndCause; endedAt: Date };
type Guest = {
  spec: GuestSpec;
  pid: number;
  startedAt: Date;
  rootfs: string;
  state: State;
  sessions: Set<FakeSession>;
  console: PassThrough;
};

export type FakeEngine = Engine & {
  /** The guest ends by itself. */
  end(id: string, cause: EndCause): void;
  outOfMemory(id: string): void;
  /** Guests whose init ignores requests to halt. */
  stubborn: Set<string>;
  /** The next calls of this name fail once each, with the given error. */
  failNext: Map<string, Error>;
  spec(id: string): GuestSpec | undefined;
  sessions(id: string): FakeSession[];
  print(id: string, text: string): void;
};

export function createFakeEngine(type: FakeEngine['type'] = 'container'): FakeEngine {
  const guests = new Map<string, Guest>();
  const consoleLogs = new Map<string, Buffer>();
  const listeners = new Set<(event: EngineEvent) => void>();
  const failNext = new Map<string, Error>();
  const stubborn = new Set<string>();
  let lastPid = 4000;

  const tell = (event: EngineEvent) => {
    for (const listener of listeners) listener(event);
  };
  const mayFail = (call: string) => {
    const error = failNext.get(call);
    failNext.delete(call);
    if (error) throw error;
  };
  const find = (id: string): Guest => guests.get(id) ?? refuse(id, 'there is no such guest');
  const running = (id: string): Guest => {
    const guest = find(id);
    return guest.state.kind === 'running' || guest.state.kind === 'frozen' ? guest : refuse(id, 'it does not run');
  };
  const clear = (guest: Guest) => {
    for (const session of guest.sessions) session.kill();
    guest.console.end();
  };
  const end = (id: string, cause: EndCause) => {
    const guest = running(id);
    guest.state = { kind: 'ended', cause, endedAt: new Date() };
    clear(guest);
    tell({ type: 'ended', id, cause });
  };
  const print = (id: string, text: string) => {
    consoleLogs.set(id, Buffer.concat([consoleLogs.get(id) ?? Buffer.alloc(0), Buffer.from(text)]));
    guests.get(id)?.console.write(text);
  };

  return {
    type,
    driver: { name: 'fake', version: '1' },
    end,
    outOfMemory: (id) => tell({ type: 'oom', id }),
    stubborn,
    failNext,
    spec: (id) => guests.get(id)?.spec,
    sessions: (id) => [...(guests.get(id)?.sessions ?? [])],
    print,
    unusable: async () => undefined,
    ...(type === 'virtual-machine'
      ? {
          machineParts: createFakeMachineParts((id) => {
            const { spec } = running(id);
            return { parts: spec.machine?.parts ?? [], cards: spec.nics.map(({ name }) => name) };
          }),
        }
      : {}),

    async create(spec, { signal } = {}) {
      if (!/^[0-9a-f]{12}$/.test(spec.id)) refuse(spec.id, 'that is no guest id');
      signal?.throwIfAborted();
      mayFail('create');
      if (guests.has(spec.id)) refuse(spec.id, 'it is there already');
      lastPid += 1;
      // What nobody looks at is gone: a viewer sees only what comes from then on.
      const console = new PassThrough();
      console.resume();
      guests.set(spec.id, {
        spec: structuredClone(spec),
        pid: lastPid,
        startedAt: new Date(),
        rootfs: realpathSync(spec.rootfs),
        state: { kind: 'created' },
        sessions: new Set(),
        console,
      });
      return { pid: lastPid };
    },
    async start(id) {
      mayFail('start');
      const guest = find(id);
      if (guest.state.kind !== 'created') refuse(id, 'it was started already');
      guest.state = { kind: 'running' };
      consoleLogs.delete(id);
      print(id, `${guest.spec.hostname} login: `);
    },
    async requestHalt(id) {
      mayFail('requestHalt');
      running(id);
      if (!stubborn.has(id)) setImmediate(() => endIfRunning(guests.get(id), () => end(id, { kind: 'halted' })));
    },
    async requestReboot(id) {
      running(id);
      if (!stubborn.has(id)) setImmediate(() => endIfRunning(guests.get(id), () => end(id, { kind: 'rebooting' })));
    },
    async kill(id) {
      mayFail('kill');
      end(id, { kind: 'killed', signal: 'SIGKILL' });
    },
    async freeze(id) {
      mayFail('freeze');
      running(id).state = { kind: 'frozen' };
    },
    async unfreeze(id) {
      running(id).state = { kind: 'running' };
    },
    async update(id, limits) {
      mayFail('update');
      const guest = running(id);
      guest.spec = { ...guest.spec, limits: { ...limits } };
    },
    async addPart(id, part) {
      mayFail('addPart');
      const guest = running(id);
      if (guest.spec.parts.some((known) => known.id === part.id)) refuse(id, `it has the part ${part.id} already`);
      guest.spec = { ...guest.spec, parts: [...guest.spec.parts, structuredClone(part)] };
    },
    async removePart(id, partId) {
      mayFail('removePart');
      const guest = running(id);
      guest.spec = { ...guest.spec, parts: guest.spec.parts.filter((part) => part.id !== partId) };
    },
    parts: async (id) => structuredClone(running(id).spec.parts),
    async remove(id) {
      mayFail('remove');
      const guest = guests.get(id);
      guests.delete(id);
      if (guest) clear(guest);
    },
    observe: async () => [...guests].map(([id, guest]) => observed(id, guest)),
    watch(listener) {
      const own = (event: EngineEvent) => listener(event);
      listeners.add(own);
      return { [Symbol.dispose]: () => void listeners.delete(own) };
    },
    async exec(id, spec) {
      mayFail('exec');
      const guest = running(id);
      const session = runFakeCommand(spec, (ended) => guest.sessions.delete(ended));
      guest.sessions.add(session);
      return session;
    },
    async console(id) {
      const guest = running(id);
      const input = new PassThrough();
      const output = new PassThrough();
      const show = (chunk: Buffer) => output.write(chunk);
      const close = () => {
        guest.console.off('data', show);
        output.end();
      };
      guest.console.on('data', show).once('end', close);
      // A terminal echoes what is typed.
      input.on('data', (chunk: Buffer) => output.write(chunk));
      return { input, output, resize: () => {}, close };
    },
    consoleLog: async (id) => consoleLogs.get(id) ?? Buffer.alloc(0),
    async clearConsoleLog(id) {
      consoleLogs.delete(id);
    },
    async forget(id) {
      consoleLogs.delete(id);
    },
    log: async (id) => `messages of ${id}\n`,
    usage: async (id) => usageOf(running(id)),
    async nics(id) {
      const card = { mtu: 1500, up: true, addresses: [], counters: { ...noCounters } };
      return [
        { ...card, name: 'lo', hwaddr: '00:00:00:00:00:00' },
        ...running(id).spec.nics.map(({ name }) => ({ ...card, name, hwaddr: '10:66:6a:00:00:01' })),
      ];
    },
    processes: async (id) => [
      { pid: 1, hostPid: running(id).pid, uid: 0, command: '/sbin/init', memoryBytes: 4 * 2 ** 20 },
    ],
    rootPath: async (id) => running(id).rootfs,
  };
}

const noCounters = {
  bytesReceived: 0,
  bytesSent: 0,
  packetsReceived: 0,
  packetsSent: 0,
  errorsReceived: 0,
  errorsSent: 0,
  droppedReceived: 0,
  droppedSent: 0,
};

function refuse(id: string, reason: string): never {
  throw new HostError(`guest ${id}: ${reason}`);
}

function endIfRunning(guest: Guest | undefined, work: () => void): void {
  if (guest?.state.kind === 'running') work();
}

function observed(id: string, guest: Guest): Observed {
  const { state, pid, startedAt } = guest;
  if (state.kind === 'ended') return { id, state: 'ended', cause: state.cause, endedAt: state.endedAt };
  return { id, state: state.kind, pid, startedAt };
}

function usageOf({ spec }: Guest): Usage {
  const memoryLimitBytes = spec.limits.memoryBytes ?? 2 ** 40;
  return {
    cpuNs: 1_000_000,
    cpuUserNs: 600_000,
    memoryBytes: 8 * 2 ** 20,
    memoryPeakBytes: 9 * 2 ** 20,
    memoryLimitBytes,
    swapBytes: 0,
    processes: 1,
  };
}
