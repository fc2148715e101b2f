/** The composition root: opens every part in order and hands the whole house to the handlers. Disposing closes in reverse. */
import { chmodSync, mkdirSync } from 'node:fs';
import { createBackupFiles } from '../backups/backup-files.ts';
import { openDocuments } from '../core/documents.ts';
import { createEventHub } from '../core/events/hub.ts';
import type { House } from '../core/house.ts';
import { createRuntime } from '../core/instances/runtime.ts';
import type { PoolDoc } from '../core/model.ts';
import { createOperations } from '../core/operations/registry.ts';
import type { StepObserver } from '../core/operations/steps.ts';
import type { Pool, StorageDriver } from '../core/ports/storage.ts';
import { createWarnings } from '../core/warnings/warnings.ts';
import { deviceTypes } from '../devices/device-types.ts';
import { inspectStranger } from '../disks/boot-ways.ts';
import { lookAtHostDisk } from '../disks/host-disk.ts';
import { importDisk } from '../disks/import-disk.ts';
import { createCrunEngine } from '../engines/crun/engine.ts';
import { hostAccelerator } from '../engines/qemu/accelerator.ts';
import { createQemuEngine } from '../engines/qemu/engine.ts';
import { filesOfBothKinds } from '../files/both-kinds.ts';
import { createExecRecords } from '../files/exec-records.ts';
import { createGuestFiles } from '../files/guest-files.ts';
import { createMachineFiles } from '../files/machine/machine-files.ts';
import { closeHost } from '../firewall/closed-host.ts';
import { watchHostAddresses } from '../host/address-changes.ts';
import { usableCgroups } from '../host/cgroup-lent.ts';
import { clearMountPoints } from '../host/clear-mount-points.ts';
import { hostFacts } from '../host/facts.ts';
import { limitShares } from '../host/guest-shares.ts';
import { hostAddresses } from '../host/host-addresses.ts';
import { connectFromHost } from '../host/host-connection.ts';
import { ensureLxcfs } from '../host/lxcfs.ts';
import { useDoorman } from '../host/outside.ts';
import { ownNamespaces } from '../host/own-namespaces.ts';
import { hostNames, type StatePaths } from '../host/paths.ts';
import { openHostListener } from '../host/proxy-sockets.ts';
import { readResources } from '../host/resources/resources.ts';
import { createSystemClock } from '../host/system-clock.ts';
import { createTlsDoor } from '../http/tls-door.ts';
import { createImageFiles } from '../images/image-files.ts';
import { createKeyedQueue } from '../lib/keyed-queue.ts';
import { createMigration } from '../migration/migration.ts';
import { createBridgeNetworks } from '../network/bridge/bridge-networks.ts';
import { createProxies } from '../proxy/proxies.ts';
import { dial } from '../remotes/dial.ts';
import { keptCertificate } from '../remotes/kept-certificate.ts';
import { createRemotes } from '../remotes/remotes.ts';
import { storageDrivers } from '../storage/drivers.ts';
import { openOperationJournal } from '../store/operation-journal.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { hostChecks } from './host-checks.ts';
import type { Log } from './log.ts';
import { version } from './version.ts';

/** Of images from elsewhere. */
const largestDiskBytes = 2 ** 44;

export type AssembleOptions = {
  /** Hears of every step of all work, before and after it. */
  onStep?: StepObserver;
};

export async function assemble(
  paths: StatePaths,
  log: Log,
  { onStep }: AssembleOptions = {},
): Promise<House & AsyncDisposable> {
  await using parts = new AsyncDisposableStack();
  makeDirectories(paths);
  const names = hostNames(paths.directory);
  const own = ownNamespaces();
  if (own) useDoorman(paths.doorman);
  limitShares(log);
  mkdirSync(names.stage, { recursive: true, mode: 0o711 });
  // A daemon that was killed had perhaps just mounted something for its own work.
  clearMountPoints(paths.mounts);
  const store = await openSqliteStore(paths.state, { onWarning: (warning) => log('warning', warning.message) });
  const documents = await openDocuments(store);
  parts.defer(() => documents.close());
  const clock = createSystemClock();
  const events = createEventHub(clock);
  parts.use(events.subscribe((event) => logEvent(event, log)));
  const journal = parts.use(openOperationJournal(paths.operations));
  const operations = createOperations({
    clock,
    events,
    journal,
    onStep,
    onBug: (error) => log('error', 'bug in an operation', error),
  });
  const lxcfsDirectory = `${names.stage}/lxcfs`;
  const groups = usableCgroups(`${names.stage}/groups.json`);
  const lxcfs = await ensureLxcfs(lxcfsDirectory, groups);
  if (!lxcfs.mounted) log('warning', `guests will see the host's memory and uptime: ${lxcfs.reason}`);
  const containers = parts.use(
    await createCrunEngine({
      stateDirectory: `${names.stage}/guests`,
      logDirectory: paths.logs,
      cgroupParent: names.cgroupParent,
      stageDirectory: `${names.stage}/stage`,
      lxcfsDirectory,
      groups,
    }),
  );
  const machines = parts.use(
    await createQemuEngine({
      stateDirectory: `${names.stage}/machines`,
      logDirectory: paths.logs,
      roomsDirectory: `${names.stage}/rooms`,
      cgroupParent: names.cgroupParent,
      groups,
    }),
  );
  const proxies = parts.use(
    createProxies({
      runDirectory: names.stage,
      stateDirectory: paths.proxies,
      log: paths.relayLog,
      table: `gasthof_${names.tag}_proxy`,
      translates: !own,
    }),
  );
  const networks = parts.use(
    await createBridgeNetworks({
      stateDirectory: paths.networks,
      tag: names.tag,
      report: (text) => log('warning', text),
      carryForwards: own && proxies.carryForwards,
    }),
  );
  if (own)
    parts.use(
      await closeHost({
        table: `gasthof_${names.tag}_host`,
        addresses: hostAddresses,
        watch: watchHostAddresses,
        report: (text) => log('warning', text),
      }),
    );
  const drivers = storageDrivers({ poolsDirectory: paths.pools });
  const { pools, brokenPools } = await openPools(documents.list<PoolDoc>('pools/'), drivers, log);
  const images = createImageFiles({
    directory: paths.images,
    cacheDirectory: paths.cache,
    scratchDirectory: paths.scratch,
    idBase: names.unpackIdBase,
    importDisk: (files, signal) => importDisk({ ...files, maxSizeBytes: largestDiskBytes }, signal),
    disks: { inspect: (path) => inspectStranger(path, { maxSizeBytes: largestDiskBytes, scratch: paths.scratch }) },
  });
  const ownCertificate = keptCertificate(paths.directory, clock.now);
  const https = parts.use(createTlsDoor({ own: ownCertificate, openListener: own && openHostListener }));
  const whole = parts.move();
  return {
    documents,
    events,
    operations,
    onStep,
    clock,
    engines: { container: containers, 'virtual-machine': machines },
    drivers,
    pools,
    brokenPools,
    networks,
    proxies,
    images,
    backups: createBackupFiles({ directory: paths.backups }),
    remotes: createRemotes({
      own: ownCertificate,
      userAgent: `Gasthof/${version}`,
      ...(own ? { connect: (to) => dial({ ...to, reach: connectFromHost }) } : {}),
    }),
    migration: createMigration(paths.scratch),
    https,
    hostAddresses,
    ownCertificate,
    files: filesOfBothKinds(createGuestFiles(), createMachineFiles()),
    execRecords: createExecRecords({ directory: paths.execRecords }),
    devices: deviceTypes,
    hostDisk: lookAtHostDisk,
    queue: createKeyedQueue(),
    runtime: createRuntime(),
    consoles: new Map(),
    hostNames: new Map(),
    warnings: createWarnings({ documents, clock, events }),
    resources: { read: () => readResources(hostFacts().architecture) },
    hostChecks: () => hostChecks({ lxcfs, groups, runDirectory: paths.run }),
    facts: {
      ...hostFacts(),
      ...machineSpeed(),
      version,
      idBlock: names.idBlock,
      linkTag: names.linkTag,
      defaultNetwork: names.defaultNetwork,
    },
    mountDirectory: paths.mounts,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

function machineSpeed(): Pick<House['facts'], 'emulation' | 'acceleration'> {
  const chosen = hostAccelerator();
  return chosen.accelerator === 'kvm'
    ? { acceleration: chosen.found }
    : { emulation: { reason: chosen.reason, help: chosen.help } };
}

/** Guests own files with unshifted ids in there: nobody but root may look below (hardening, point 1). */
function makeDirectories(paths: StatePaths): void {
  mkdirSync(paths.directory, { recursive: true });
  // Guests' ids have to pass it, and nobody may list it; the launcher may have made it with less.
  chmodSync(paths.directory, 0o711);
  for (const path of [
    paths.run,
    paths.mounts,
    paths.logs,
    paths.pools,
    paths.images,
    paths.backups,
    paths.cache,
    paths.scratch,
  ])
    mkdirSync(path, { recursive: true, mode: 0o700 });
  mkdirSync(paths.networks, { recursive: true, mode: 0o711 });
}

/** A pool that cannot be opened makes its guests unusable, not the house. */
async function openPools(docs: readonly PoolDoc[], drivers: readonly StorageDriver[], log: Log) {
  const pools = new Map<string, Pool>();
  const brokenPools = new Map<string, string>();
  for (const doc of docs) {
    try {
      const driver = drivers.find((candidate) => candidate.name === doc.driver);
      if (!driver) throw new Error(`there is no storage driver "${doc.driver}"`);
      const reason = await driver.unusable();
      if (reason) throw new Error(reason);
      pools.set(doc.name, await driver.open(doc));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      brokenPools.set(doc.name, reason);
      log('error', `the storage pool ${doc.name} could not be opened: ${reason}`);
    }
  }
  return { pools, brokenPools };
}

/** What is told as a logging event is in the log, too. */
function logEvent(event: { type: string; metadata: unknown }, log: Log): void {
  if (event.type !== 'logging') return;
  const { level, message } = event.metadata as { level: 'debug' | 'info' | 'warning' | 'error'; message: string };
  log(level, message);
}
