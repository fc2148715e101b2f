/** Starting an instance: a list of steps, each with its undo. */
import { fail } from '../../api/errors.ts';
import { HostError } from '../../lib/host-error.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import { allocateAddresses, checkMacs, nicSpecs } from '../networks/nics.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { GuestSpec } from '../ports/engine.ts';
import type { NicSpec } from '../ports/network.ts';
import type { ProxySpec } from '../ports/proxies.ts';
import type { Pool } from '../ports/storage.ts';
import { applyEvent } from './change.ts';
import { configEnvironment, parseLimits, splitList } from './config.ts';
import { checkExpandedDevices, deviceParts } from './devices.ts';
import { type Expanded, expand } from './expand.ts';
import { instanceById } from './find.ts';
import { writeGuestFiles } from './guest-files.ts';
import { freshLinkName, type PlugNeeds } from './hot-plug.ts';
import { nextIdBase, rangeOf } from './ids.ts';
import { checkMachine, machineOf } from './machine.ts';
import { proxySpecs } from './proxies.ts';

export type StartNeeds = PlugNeeds & Pick<House, 'queue' | 'files' | 'images' | 'mountDirectory'>;

type StartContext = {
  house: StartNeeds;
  doc: InstanceDoc;
  expanded: Expanded;
  pool: Pool;
  target: string;
  nics: NicSpec[];
  proxies: ProxySpec[];
  pid: number;
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

const { create, connect, start, proxies, note } = commonSteps;
const startSteps: Record<InstanceDoc['type'], readonly Step<StartContext>[]> = {
  container: [mountRoot, create, connect, start, letGoOfRoot, proxies, note],
  'virtual-machine': [create, connect, start, note],
};

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

/** Brings a stopped instance to `running`. The caller holds the instance's queue. */
export async function startInstance(house: StartNeeds, id: string, task: Task): Promise<void> {
  const before = instanceById(house, id);
  const expanded = expand(house, before);
  checkExpandedDevices(house, expanded.devices);
  if (before.type === 'virtual-machine') await checkMachine(house, expanded.devices);
  const pool = house.pools.get(before.pool) ?? fail('pool.closed', { name: before.pool, reason: 'see gast doctor' });

  const doc = await house.queue('allocate', async () => {
    const config = { ...before.config, ...allocateAddresses(house, before, expanded) };
    checkMacs(house, before, expanded);
    return applyEvent(house, id, 'start', {
      config,
      idBase: nextIdBase(house, before, expanded.config),
      operation: task.id,
      lastUsedAt: house.clock.now().toISOString(),
      ...(before.rebooting ? { rebooting: true } : {}),
    });
  });
  const nics = nicSpecs(house, doc, () => freshLinkName(house));
  const context: StartContext = {
    house,
    doc,
    expanded,
    pool,
    target: `${house.mountDirectory}/${id}`,
    nics,
    proxies: [],
    pid: 0,
  };
  try {
    await performSteps(house, task, startSteps[doc.type], context);
  } catch (error) {
    await applyEvent(house, id, 'start-failed');
    throw error;
  }
}

async function guestSpec({ house, doc, expanded, pool, target, nics }: StartContext): Promise<GuestSpec> {
  const { config } = expanded;
  return {
    id: doc.id,
    hostname: doc.name,
    range: rangeOf(house, doc),
    rootfs: target,
    limits: parseLimits(config, house.facts),
    parts: deviceParts(house, doc.project, expanded.devices),
    nics: nics.map(({ name, hwaddr }) => ({ name, hwaddr })),
    ...(doc.type === 'container' ? {} : { machine: await machineOf(house, doc, expanded, pool) }),
    environment: configEnvironment(config),
    allowedSyscalls: splitList(config['security.syscalls.allow']),
    droppedCapabilities: splitList(config['security.caps.drop']),
  };
}
