/**
 * The whole API in one process and without root: the real use cases, handlers and HTTP server over parts in memory. A world
 * is what outlives the daemon (state, guests, networks, images, volumes); `restart` begins another life of the daemon in it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Identity } from '../../src/api/handlers.ts';
import type { Event } from '../../src/api/resources/events.ts';
import type { Operation } from '../../src/api/resources/operations.ts';
import { routes } from '../../src/api/routes.ts';
import type { Envelope } from '../../src/api/status.ts';
import { createAuthorizer } from '../../src/auth/authorize.ts';
import { createTlsIdentifier } from '../../src/auth/tls-identity.ts';
import { openDocuments } from '../../src/core/documents.ts';
import { createEventHub } from '../../src/core/events/hub.ts';
import { createHandlers } from '../../src/core/handlers.ts';
import type { House } from '../../src/core/house.ts';
import { guestEvent } from '../../src/core/instances/guest-events.ts';
import { ownsInstance } from '../../src/core/instances/owners.ts';
import { reconcile } from '../../src/core/instances/reconcile.ts';
import { createRuntime } from '../../src/core/instances/runtime.ts';
import { type CertificateDoc, keys, type PoolDoc } from '../../src/core/model.ts';
import { createOperations } from '../../src/core/operations/registry.ts';
import type { BackupFiles } from '../../src/core/ports/backups.ts';
import type { AnyRoot, GuestFiles, GuestRoot } from '../../src/core/ports/files.ts';
import type { ImageFiles } from '../../src/core/ports/images.ts';
import type { Networks } from '../../src/core/ports/network.ts';
import type { Pool, StorageDriver } from '../../src/core/ports/storage.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { projectFor } from '../../src/core/projects/features.ts';
import { makeDefaults } from '../../src/core/server/defaults.ts';
import type { Facts } from '../../src/core/server/facts.ts';
import { createWarnings } from '../../src/core/warnings/warnings.ts';
import { deviceTypes } from '../../src/devices/device-types.ts';
import { lookAtHostDisk } from '../../src/disks/host-disk.ts';
import { filesOfBothKinds } from '../../src/files/both-kinds.ts';
import { createExecRecords } from '../../src/files/exec-records.ts';
import { createGuestFiles } from '../../src/files/guest-files.ts';
import { createMachineFiles } from '../../src/files/machine/machine-files.ts';
import { readResources } from '../../src/host/resources/resources.ts';
import { createSystemClock } from '../../src/host/system-clock.ts';
import { createHttpServer, type HttpServer } from '../../src/http/http-server.ts';
import type { InjectReply } from '../../src/http/in-memory.ts';
import type { LogEntry } from '../../src/http/refusal.ts';
import { createTlsDoor } from '../../src/http/tls-door.ts';
import { createKeyedQueue } from '../../src/lib/keyed-queue.ts';
import { createMigration } from '../../src/migration/migration.ts';
import { keptCertificate } from '../../src/remotes/kept-certificate.ts';
import { createRemotes } from '../../src/remotes/remotes.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { createFakeEngine, type FakeEngine } from '../contract/fake-engine.ts';
import { createFakeNetworks } from '../contract/fake-networks.ts';
import { createFakeProxies, type FakeProxies } from '../contract/fake-proxies.ts';
import { fakeRsync } from '../contract/fake-rsync.ts';
import { createMemoryBackups } from '../contract/memory-backups.ts';
import { createMemoryImages } from '../contract/memory-images.ts';
import { createMemoryStorageDriver } from '../contract/memory-pool.ts';
import { connectInside, type InsideServer } from '../contract/remotes-inside.ts';

export const caller: Identity = { username: 'root', protocol: 'unix', address: '@', trusted: true };

export type World = Disposable & {
  store: Store;
  engine: FakeEngine;
  machines: FakeEngine;
  networks: Networks;
  proxies: FakeProxies;
  images: ImageFiles;
  backups: BackupFiles;
  driver: StorageDriver & Disposable;
  /** Other servers that can be reached, by `https://host:port`. */
  remotes: Map<string, InsideServer>;
  mountDirectory: string;
};

export function createWorld(): World {
  const driver = createMemoryStorageDriver();
  const mountDirectory = mkdtempSync(join(tmpdir(), 'gasthof-house-'));
  return {
    store: createMemoryStore(),
    engine: createFakeEngine(),
    machines: createFakeEngine('virtual-machine'),
    networks: createFakeNetworks(),
    proxies: createFakeProxies(),
    images: createMemoryImages(),
    backups: createMemoryBackups(),
    driver,
    remotes: new Map(),
    mountDirectory,
    [Symbol.dispose]() {
      driver[Symbol.dispose]();
      rmSync(mountDirectory, { recursive: true, force: true });
    },
  };
}

export const testFacts: Facts = {
  serverName: 'test',
  version: '0.0.0',
  pid: 1,
  architecture: 'x86_64',
  kernel: '6.1.0',
  osName: 'Debian',
  osVersion: '12',
  cpus: 4,
  memoryBytes: 8 * 2 ** 30,
  cgroups: 'v2',
  idBlock: { base: 1_000_000, ranges: 1000, size: 65_536, shared: false },
  linkTag: 'gt',
  defaultNetwork: 'gastbr0',
};

/** Files of the memory pool are our own: user 0 inside is whoever runs the tests. */
function ownFiles(): GuestFiles<AnyRoot> {
  const files = createGuestFiles();
  const own = ({ path }: GuestRoot): GuestRoot => ({ path, range: { base: process.getuid?.() ?? 0, size: 65_536 } });
  const trees: GuestFiles = {
    stat: (root, path) => files.stat(own(root), path),
    pull: (root, path) => files.pull(own(root), path),
    pushFile: (root, path, content, options) => files.pushFile(own(root), path, content, options),
    pushDirectory: (root, path, owner) => files.pushDirectory(own(root), path, owner),
    pushSymlink: (root, path, target, owner) => files.pushSymlink(own(root), path, target, owner),
    remove: (root, path, options) => files.remove(own(root), path, options),
    checkSftp: (root) => files.checkSftp(own(root)),
    serveSftp: (root, connection, options) => files.serveSftp(own(root), connection, options),
  };
  return filesOfBothKinds(trees, createMachineFiles());
}

export type Life = AsyncDisposable & {
  house: House;
  server: HttpServer;
  world: World;
  events: Event[];
  /** What the server and the operations took for bugs. */
  bugs: unknown[];
  call(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<InjectReply>;
  /** Metadata of a call that has to succeed. */
  get<T = Record<string, unknown>>(url: string): Promise<T>;
  /** Starts an operation and gives it as it ended. */
  run(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Operation>;
  /** The same, and it has to succeed. */
  must(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Operation>;
};

/** Everything of a house but the HTTP server. `overrides` replace parts. */
export async function openHouse(world: World, bugs: unknown[], overrides: Partial<House> = {}): Promise<House> {
  const documents = await openDocuments(world.store);
  const clock = overrides.clock ?? createSystemClock();
  const events = createEventHub(clock);
  const ownCertificate = keptCertificate(world.mountDirectory, clock.now);
  const pools = new Map<string, Pool>();
  for (const doc of documents.list<PoolDoc>('pools/')) pools.set(doc.name, await world.driver.open(doc));
  return {
    documents,
    events,
    operations: createOperations({ clock, events, onBug: (error) => bugs.push(error) }),
    onStep: () => {},
    clock,
    engines: { container: world.engine, 'virtual-machine': world.machines },
    drivers: [world.driver],
    pools,
    brokenPools: new Map(),
    networks: world.networks,
    proxies: world.proxies,
    images: world.images,
    backups: world.backups,
    migration: createMigration(join(world.mountDirectory, 'scratch'), fakeRsync),
    remotes: createRemotes({ own: ownCertificate, userAgent: 'test', connect: connectInside(world.remotes) }),
    https: createTlsDoor({ own: ownCertificate }),
    hostAddresses: () => ['192.0.2.7', '2001:db8::7'],
    ownCertificate,
    files: ownFiles(),
    execRecords: createExecRecords({ directory: join(world.mountDirectory, 'exec-output') }),
    devices: deviceTypes,
    hostDisk: lookAtHostDisk,
    queue: createKeyedQueue(),
    runtime: createRuntime(),
    consoles: new Map(),
    hostNames: new Map(),
    warnings: createWarnings({ documents, clock, events }),
    resources: { read: () => readResources('x86_64') },
    hostChecks: async () => [],
    facts: testFacts,
    mountDirectory: world.mountDirectory,
    ...overrides,
  };
}

/** A life of the daemon in this world; without one, in a world of its own that ends with it. */
export async function live(given?: World, overrides: Partial<House> = {}): Promise<Life> {
  await using parts = new AsyncDisposableStack();
  const world = given ?? parts.use(createWorld());
  const bugs: unknown[] = [];
  const events: Event[] = [];
  const house = await openHouse(world, bugs, overrides);
  parts.use(house.events.subscribe((event) => events.push(event)));
  for (const engine of Object.values(house.engines))
    parts.use(
      engine.watch((event) => {
        guestEvent(house, event).catch((error: unknown) => bugs.push(error));
      }),
    );
  await reconcile(house);
  await makeDefaults(house);
  const overTls = createTlsIdentifier(
    (fingerprint) => house.documents.get<CertificateDoc>(keys.certificate(fingerprint)),
    house.clock.now,
  );
  parts.use(house.documents.watch('certificates/', overTls.recheck));
  const server = createHttpServer({
    routes,
    handlers: createHandlers(house, { shutdown: () => {} }),
    identify: overTls.identify,
    authorize: createAuthorizer(
      (feature, project) => projectFor(house, feature, project),
      (identity, project, name) => ownsInstance(house, identity, project, name),
    ),
    log: (entry: LogEntry) => {
      if (entry.level === 'error') bugs.push(entry.message);
    },
    limits: { closeGraceMs: 100, lingerMs: 10 },
  });
  parts.use(server);
  house.https.serve(server.accept);
  parts.defer(() => house.https.move(undefined));
  const whole = parts.move();
  return {
    ...createCalls(server),
    house,
    server,
    world,
    events,
    bugs,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

function createCalls(server: HttpServer): Pick<Life, 'call' | 'get' | 'run' | 'must'> {
  const call: Life['call'] = (method, url, body, headers = {}) =>
    server.inject({ identity: caller, method, url, headers, body });
  const run: Life['run'] = async (method, url, body, headers) => {
    const reply = await call(method, url, body, headers);
    if (reply.status !== 202) throw new Error(`${method} ${url}: ${reply.status} ${reply.text}`);
    const ended = await call('GET', `${reply.json().operation}/wait`);
    return ended.json().metadata as Operation;
  };
  return {
    call,
    run,
    async get<T>(url: string) {
      const reply = await call('GET', url);
      if (reply.status !== 200) throw new Error(`GET ${url}: ${reply.status} ${reply.text}`);
      return (reply.json() as Envelope).metadata as T;
    },
    async must(method, url, body, headers) {
      const operation = await run(method, url, body, headers);
      if (operation.status !== 'Success') throw new Error(`${method} ${url}: ${operation.err}`);
      return operation;
    },
  };
}

/** Adds an image with this alias (the content makes the fingerprint) and gives its fingerprint. */
export async function addImage(life: Life, alias: string, content = `image ${alias}`): Promise<string> {
  const operation = await life.must('POST', '/1.0/images', Buffer.from(content), {
    'Content-Type': 'application/octet-stream',
    'X-Incus-aliases': `alias=${encodeURIComponent(alias)}`,
  });
  return String(operation.metadata?.fingerprint);
}

export const fromImage = (name: string, rest: Record<string, unknown> = {}) => ({
  name,
  source: { type: 'image', alias: 'base' },
  ...rest,
});

/** Every document of the store. */
export async function everyDocument(world: World): Promise<unknown> {
  return (await world.store.list('')).map(({ key, value }) => [key, value]);
}
