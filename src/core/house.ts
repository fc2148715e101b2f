/**
 * Everything the use cases are given. A function declares the few members that it needs:
 * `Pick<House, 'documents' | 'clock'>`; only the composition root sees the whole.
 */
import type { Check } from '../api/resources/server.ts';
import type { KeyedQueue } from '../lib/keyed-queue.ts';
import type { Documents } from './documents.ts';
import type { EventHub } from './events/hub.ts';
import type { Runtime } from './instances/runtime.ts';
import type { Operations } from './operations/registry.ts';
import type { StepObserver } from './operations/steps.ts';
import type { BackupFiles } from './ports/backups.ts';
import type { Clock } from './ports/clock.ts';
import type { DeviceTypes } from './ports/devices.ts';
import type { Engines } from './ports/engine.ts';
import type { ExecRecords } from './ports/exec-records.ts';
import type { AnyRoot, GuestFiles } from './ports/files.ts';
import type { LookAtHostDisk } from './ports/host-disks.ts';
import type { HttpsDoor } from './ports/https-door.ts';
import type { ImageFiles } from './ports/images.ts';
import type { Migration } from './ports/migration.ts';
import type { Networks } from './ports/network.ts';
import type { OwnCertificate } from './ports/own-certificate.ts';
import type { Proxies } from './ports/proxies.ts';
import type { Remotes } from './ports/remotes.ts';
import type { HostResources } from './ports/resources.ts';
import type { Pool, StorageDriver } from './ports/storage.ts';
import type { Facts } from './server/facts.ts';
import type { Warnings } from './warnings/warnings.ts';

export type House = {
  documents: Documents;
  events: EventHub;
  operations: Operations;
  /** Told of the steps of work that belongs to no operation; operations tell it themselves. */
  onStep?: StepObserver | undefined;
  clock: Clock;
  engines: Engines;
  drivers: readonly StorageDriver[];
  /** Opened pools by name; a pool that could not be opened is absent and its reason is in `brokenPools`. */
  pools: Map<string, Pool>;
  brokenPools: Map<string, string>;
  networks: Networks;
  proxies: Proxies;
  images: ImageFiles;
  backups: BackupFiles;
  remotes: Remotes;
  migration: Migration;
  https: HttpsDoor;
  /** Addresses of this host under which others may reach it. */
  hostAddresses(): string[];
  /** Made at the first call. */
  ownCertificate(): OwnCertificate;
  files: GuestFiles<AnyRoot>;
  execRecords: ExecRecords;
  devices: DeviceTypes;
  /** What of the host can be a disk of a machine. */
  hostDisk: LookAtHostDisk;
  /** One writer at a time: keys are instance ids, `allocate`, `pool/image`. */
  queue: KeyedQueue;
  /** What is known about running guests; observed, never stored. */
  runtime: Runtime;
  /** Who looks at which console now: instance id to a function that ends the viewing. */
  consoles: Map<string, () => void>;
  /** Links of guests that ran on while no daemon was there: `id/card` to the name of the link. */
  hostNames: Map<string, string>;
  warnings: Warnings;
  resources: HostResources;
  /** Checks of the host itself for `doctor`. */
  hostChecks(): Promise<Check[]>;
  facts: Facts;
  /** Directory for mount points, private to the daemon. */
  mountDirectory: string;
};
