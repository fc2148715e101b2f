/** Starting an instance: a list of steps, each with its undo. */
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import type { ConfigMap, InstanceDoc } from '../model.ts';
import { allocateAddresses, checkMacs, nicSpecs } from '../networks/nics.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { GuestSpec } from '../ports/engine.ts';
import type { Machine } from '../ports/machine.ts';
import type { MachineDescription } from '../ports/machine-moving.ts';
import { MigrationUnsure } from '../ports/migration.ts';
import type { NicSpec } from '../ports/network.ts';
import type { ProxySpec } from '../ports/proxies.ts';
import type { Pool } from '../ports/storage.ts';
import { applyEvent, changeInstance } from './change.ts';
import { configEnvironment, parseLimits, splitList } from './config.ts';
import { checkExpandedDevices, deviceParts } from './devices.ts';
import { type Expanded, expand } from './expand.ts';
import { instanceById } from './find.ts';
import { writeGuestFiles } from './guest-files.ts';
import { handOverSettled } from './handed-over.ts';
import { freshLinkName, type PlugNeeds } from './hot-plug.ts';
import { nextIdBase, rangeOf } from './ids.ts';
import { checkMachine, machineOf } from './machine.ts';
import { checkMachineModel, newBoard, refuseTpm } from './machine-model.ts';
import { forgetOwnMemory, ownMemory } from './memory.ts';
import { proxySpecs } from './proxies.ts';

export type StartNeeds = PlugNeeds & Pick<House, 'warnings' | 'queue' | 'files' | 'images' | 'mountDirectory'>;

type StartContext = {
  house: StartNeeds;
  doc: InstanceDoc;
  expanded: Expanded;
  pool: Pool;
  target: string;
  nics: NicSpec[];
  proxies: ProxySpec[];
  pid: number;
  /** What it goes on from. */
  incoming?: NonNullable<Machine['incoming']>;
  arrival?: Arrival;
};

/** A machine that comes from another server while it runs. */
export type Arrival = {
  described: MachineDescription;
  /** Resolves when all of it is here, and it stands still over there until it is told that it runs here. */
  receive(signal: AbortSignal): Promise<void>;
  goOn(): Promise<void>;
  /** Notes in its documents that it runs. */
  note(): Promise<void>;
};

const mountRoot: Step<StartContext> = {
  name: 'mount the root file system',
  do: ({ house, pool, doc, target }) => pool.volumes.mount(doc.id, target, { range: rangeOf(house, doc) }),
  undo: ({ pool, target }) => pool.volumes.unmount(target),
};

/** The guest keeps its root file system; our mount of it goes, so that it ends with the guest. */
const letGoOfRoot: Step<StartContext> = {
  name: 'let go of the root file system',
  do: ({ pool, target }) => pool.volumes.unmount(target),
};

const commonSteps = {
  create: {
    // Side by side, because each waits for something else: the container for crun, the filter for nft, the files for the disk.
    // All that has to be done before the card is connected and init started.
    name: 'create the guest, write its files, admit its network cards',
    async do(context, signal) {
      const { house, nics, doc } = context;
      const [created, written, admitted] = await Promise.allSettled([
        guestSpec(context).then((spec) => house.engines[doc.type].create(spec, { signal })),
        writeFiles(context),
        Promise.all(nics.map((nic) => house.networks.admit(nic))),
      ]);
      if (created.status === 'rejected') throw created.reason;
      if (written.status === 'rejected') throw written.reason;
      if (admitted.status === 'rejected') throw admitted.reason;
      context.pid = created.value.pid;
      context.doc = written.value;
    },
    async undo({ house, doc, nics }) {
      await house.engines[doc.type].remove(doc.id);
      await Promise.all(nics.map((nic) => house.networks.detach(nic)));
    },
  },
  connect: {
    name: 'connect the network',
    async do({ house, nics, pid }) {
      for (const nic of nics) await house.networks.attach(nic, pid);
    },
  },
  start: { name: 'start init', do: ({ house, doc }) => house.engines[doc.type].start(doc.id) },
  goOn: {
    // From the first moment on that it runs its disk is another than the one that the memory belongs to.
    name: 'let it go on from its memory',
    async do({ house, doc }) {
      await changeInstance(house, doc.id, { stateful: false });
      await house.engines[doc.type].unfreeze(doc.id);
    },
  },
  receive: {
    name: 'receive its memory and its disk',
    do: ({ arrival }, signal) => arrival?.receive(signal),
  },
  arrive: {
    // One step, so that nobody who calls it off comes in between.
    name: 'let it go on here',
    async do({ house, doc, arrival, pid, nics, proxies }) {
      try {
        await arrival?.goOn();
        house.runtime.set(doc.id, { pid, startedAt: house.clock.now(), nics, proxies });
        await arrival?.note();
      } catch (error) {
        house.runtime.ended(doc.id, { kind: 'unknown' });
        await house.engines[doc.type].remove(doc.id).catch((cause: unknown) => {
          throw new MigrationUnsure(`${doc.name} may run here, and could not be ended: ${cause}`, error);
        });
        throw error;
      }
    },
  },
  proxies: {
    // Not before init: it may make the folders of sockets anew.
    name: 'start its proxies',
    async do(context) {
      const { house, doc, expanded, pid, nics } = context;
      context.proxies = proxySpecs(house, { doc, devices: expanded.devices, pid, nics });
      for (const proxy of context.proxies) await startProxy(house, proxy);
    },
    async undo({ house, proxies }) {
      for (const proxy of proxies) await house.proxies.stop(proxy);
    },
  },
  note: {
    name: 'note that it runs',
    async do({ house, doc, pid, nics, proxies }) {
      // Set before the commit: an end that comes in meanwhile finds the guest.
      house.runtime.set(doc.id, { pid, startedAt: house.clock.now(), nics, proxies });
      await applyEvent(house, doc.id, 'started', { config: doc.config });
    },
    undo: ({ house, doc }) => house.runtime.ended(doc.id, { kind: 'unknown' }),
  },
} satisfies Record<string, Step<StartContext>>;

const { create, connect, start, goOn, receive, arrive, proxies, note } = commonSteps;
const startSteps = {
  container: [mountRoot, create, connect, start, letGoOfRoot, proxies, note],
  'virtual-machine': [create, connect, start, proxies, note],
  'from memory': [create, connect, start, goOn, proxies, note],
  'from another server': [create, connect, start, proxies, receive, arrive],
} satisfies Record<string, readonly Step<StartContext>[]>;

/** A machine writes its own host name and addresses. */
async function writeFiles({ house, doc, expanded, target, nics }: StartContext): Promise<InstanceDoc> {
  return doc.type === 'container' ? writeGuestFiles(house, doc, expanded, target, nics) : doc;
}

async function startProxy(house: Pick<House, 'proxies'>, proxy: ProxySpec): Promise<void> {
  try {
    await house.proxies.start(proxy);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    fail('instance.device-failed', { verb: 'start', device: proxy.device, reason: error.message }, error);
  }
}

/** `stateless`: the memory with which it was stopped is given up. */
export type StartOptions = { stateless?: boolean };

/** Brings a stopped instance to `running`. The caller holds the instance's queue. */
export async function startInstance(
  house: StartNeeds,
  id: string,
  task: Task,
  { stateless = false }: StartOptions = {},
): Promise<void> {
  const before = instanceById(house, id);
  const { expanded, board, pool } = await checkStart(house, before);
  const memory = stateless ? undefined : await ownMemory(house, before);

  const doc = await house.queue('allocate', async () => {
    const config = { ...before.config, ...board, ...allocateAddresses(house, before, expanded) };
    checkMacs(house, before, expanded);
    return applyEvent(house, id, 'start', {
      config,
      idBase: nextIdBase(house, before, expanded.config),
      operation: task.id,
      lastUsedAt: house.clock.now().toISOString(),
      ...(before.rebooting ? { rebooting: true } : {}),
      ...(stateless ? { stateful: false } : {}),
    });
  });
  const incoming = memory === undefined ? {} : { incoming: { kind: 'state', path: memory } as const };
  const context = { ...newContext(house, doc, expanded, pool), ...incoming };
  try {
    await performSteps(house, task, startSteps[memory === undefined ? doc.type : 'from memory'], context);
  } catch (error) {
    await applyEvent(house, id, 'start-failed');
    throw error;
  }
  if (before.handedOver) await handOverSettled(house, before);
  if (before.stateful) await forgetOwnMemory(house, before).catch((error: unknown) => tellKept(house, doc, error));
}

type Checked = Pick<StartContext, 'expanded' | 'pool'> & { board: ConfigMap };

/** Before anything is touched. */
async function checkStart(house: StartNeeds, doc: InstanceDoc): Promise<Checked> {
  const expanded = expand(house, doc);
  checkExpandedDevices(house, expanded.devices);
  if (doc.type === 'virtual-machine') await checkMachine(house, expanded.devices);
  if (doc.type === 'virtual-machine') await checkMachineModel(house, expanded);
  else refuseTpm(house, expanded.devices);
  const board = doc.type === 'virtual-machine' ? await newBoard(house, expanded.config) : {};
  expanded.config = { ...expanded.config, ...board };
  const pool = house.pools.get(doc.pool) ?? fail('pool.closed', { name: doc.pool, reason: 'see gast doctor' });
  return { expanded, board, pool };
}

function newContext(house: StartNeeds, doc: InstanceDoc, expanded: Expanded, pool: Pool): StartContext {
  const nics = nicSpecs(house, doc, () => freshLinkName(house));
  return { house, doc, expanded, pool, target: `${house.mountDirectory}/${doc.id}`, nics, proxies: [], pid: 0 };
}

/** Its disk is there, and nobody else knows of it yet (phase `creating`). When it fails, nothing of it runs here. */
export async function startArriving(house: StartNeeds, id: string, arrival: Arrival, task: Task): Promise<void> {
  const doc = instanceById(house, id);
  const { expanded, pool } = await checkStart(house, doc);
  checkMacs(house, doc, expanded);
  const incoming = { kind: 'machine', described: arrival.described } as const;
  const context = { ...newContext(house, doc, expanded, pool), incoming, arrival };
  await performSteps(house, task, startSteps['from another server'], context);
}

/** It belongs to nothing any more, and is cleared by the next daemon at the latest. */
function tellKept(house: StartNeeds, { name }: InstanceDoc, error: unknown): void {
  house.events.logging('warning', `The memory that ${name} was stopped with could not be deleted: ${error}`);
}

async function guestSpec({ house, doc, expanded, pool, target, nics, incoming }: StartContext): Promise<GuestSpec> {
  const { config } = expanded;
  const machine = async () => ({ ...(await machineOf(house, doc, expanded, pool)), ...(incoming ? { incoming } : {}) });
  return {
    id: doc.id,
    hostname: doc.name,
    range: rangeOf(house, doc),
    rootfs: target,
    limits: parseLimits(config, house.facts),
    parts: doc.type === 'container' ? deviceParts(house, doc.project, expanded.devices) : [],
    nics: nics.map(({ name, hwaddr }) => ({ name, hwaddr })),
    ...(doc.type === 'container' ? {} : { machine: await machine() }),
    environment: configEnvironment(config),
    allowedSyscalls: splitList(config['security.syscalls.allow']),
    droppedCapabilities: splitList(config['security.caps.drop']),
  };
}
