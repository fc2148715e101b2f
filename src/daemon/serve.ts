/** From an assembled house to a served API: repair first, then open the door, then start guests. */
import { readFileSync, writeFileSync } from 'node:fs';
import { routes } from '../api/routes.ts';
import { createAuthorizer } from '../auth/authorize.ts';
import { createPeerIdentifier } from '../auth/peer-identity.ts';
import { createTlsIdentifier } from '../auth/tls-identity.ts';
import { asDaemon } from '../core/events/caller.ts';
import { createHandlers } from '../core/handlers.ts';
import type { House } from '../core/house.ts';
import { createImageSchedule } from '../core/images/update-schedule.ts';
import { autostart } from '../core/instances/autostart.ts';
import { ageingFolders, createExpiry } from '../core/instances/expiry.ts';
import { allInstances } from '../core/instances/find.ts';
import { guestEvent } from '../core/instances/guest-events.ts';
import { hasOwners, ownsInstance } from '../core/instances/owners.ts';
import { reconcile } from '../core/instances/reconcile.ts';
import { createSnapshotSchedule } from '../core/instances/snapshot-schedule.ts';
import { type CertificateDoc, keys } from '../core/model.ts';
import { projectFor } from '../core/projects/features.ts';
import { makeDefaults } from '../core/server/defaults.ts';
import { createVolumeSchedule } from '../core/volumes/schedule.ts';
import { warnAtStart } from '../core/warnings/at-start.ts';
import { bootId } from '../host/facts.ts';
import { createMemberNotes, noteNamespaceMembers } from '../host/namespace-members.ts';
import { ownNamespaces } from '../host/own-namespaces.ts';
import type { StatePaths } from '../host/paths.ts';
import { descriptorOf, groupId, groupName, peerCredentials, userName } from '../host/peer-credentials.ts';
import { createHttpServer } from '../http/http-server.ts';
import { createOwnersDoor, type OwnersDoor } from '../http/owners-door.ts';
import type { Log } from './log.ts';
import { openDoor } from './open-door.ts';
import { giveBackWhenQuiet } from './quiet-memory.ts';

/** Resolves when the daemon answers. Disposing stops answering; guests run on. */
export async function serve(house: House, paths: StatePaths, log: Log, shutdown: () => void): Promise<AsyncDisposable> {
  await using parts = new AsyncDisposableStack();
  const stopping = new AbortController();
  parts.defer(() => stopping.abort(new Error('the daemon is being stopped')));
  // Before repair: an end that happens meanwhile waits in the instance's queue.
  for (const engine of Object.values(house.engines))
    parts.use(
      engine.watch((event) => {
        asDaemon(() => guestEvent(house, event)).catch((error: unknown) =>
          log('error', `what guest ${event.id} did could not be settled`, error),
        );
      }),
    );
  const ranBefore = guestsOfLastBoot(house, paths);
  await reconcile(house);
  await makeDefaults(house);
  parts.use(giveBackWhenQuiet(house.events));
  const expiry = parts.use(createExpiry(house));
  for (const folder of ageingFolders) parts.use(house.documents.watch(folder, expiry.changed));
  expiry.look();
  const snapshots = parts.use(createSnapshotSchedule(house));
  for (const folder of ['instances/', 'profiles/']) parts.use(house.documents.watch(folder, snapshots.changed));
  snapshots.look();
  const volumes = parts.use(createVolumeSchedule(house));
  parts.use(house.documents.watch('volumes/', volumes.look));
  volumes.look();
  const images = parts.use(createImageSchedule(house));
  for (const folder of ['images/', 'server/', 'projects/']) parts.use(house.documents.watch(folder, images.look));
  images.look();
  noteNamespaceMembers(paths.namespaceMembers);
  const members = parts.use(createMemberNotes(paths.namespaceMembers));
  parts.use(house.events.subscribe((event) => (isStart(event.metadata) ? members.changed() : undefined)));

  // Members of the group `gasthof` are administrators, where the host has it.
  const adminGid = groupId('gasthof');
  const allowedGids = adminGid === undefined ? [] : [adminGid];
  const overSocket = createPeerIdentifier(
    { descriptorOf, peerCredentials, userName, groupName },
    { uid: process.getuid?.() ?? 0, allowedGids },
  );
  const overTls = createTlsIdentifier(
    (fingerprint) => house.documents.get<CertificateDoc>(keys.certificate(fingerprint)),
    house.clock.now,
  );
  const server = createHttpServer({
    routes,
    handlers: createHandlers(house, { shutdown }),
    identify: (request) => overTls.identify(request) ?? overSocket(request),
    authorize: createAuthorizer(
      (feature, project) => projectFor(house, feature, project),
      (identity, project, name) => ownsInstance(house, identity, project, name),
    ),
    log: ({ level, message }) => log(level, message),
  });
  parts.use(server);
  await server.listen({ socketPath: paths.socket, mode: 0o660, ...(adminGid === undefined ? {} : { gid: adminGid }) });
  letOwnersIn(house, parts.use(createOwnersDoor(paths.ownersSocket, server.accept)), log, parts);
  house.https.serve(server.accept);
  parts.use(house.documents.watch('certificates/', overTls.recheck));
  parts.defer(() => house.https.move(undefined));
  await openDoor(house, log, stopping.signal);
  // Nobody waits for it: the checks try things, which takes a moment.
  warnAtStart(house).catch((error: unknown) => log('error', 'the checks at the start', error));
  writeFileSync(paths.bootId, bootId(), { mode: 0o600 });
  if (ranBefore)
    autostart(house, ranBefore, stopping.signal).catch((error: unknown) =>
      log('error', 'starting guests after the boot', error),
    );
  const whole = parts.move();
  return { [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

/** The daemon of an ordinary user sees nobody else: its guests have no owners besides. */
function letOwnersIn(house: House, door: OwnersDoor, log: Log, parts: AsyncDisposableStack): void {
  if (ownNamespaces()) return;
  const look = () =>
    void door
      .set(hasOwners(house))
      .catch((error: unknown) => log('error', 'the socket of the owners of guests could not be opened', error));
  for (const folder of ['instances/', 'profiles/']) parts.use(house.documents.watch(folder, look));
  look();
}

/** Guests that ran when the host went down; undefined when it is still the same boot. */
function guestsOfLastBoot(house: House, paths: StatePaths): Set<string> | undefined {
  let last = '';
  try {
    last = readFileSync(paths.bootId, 'utf8');
  } catch {
    // The first start of this daemon.
  }
  if (last === bootId()) return undefined;
  return new Set(
    allInstances(house)
      .filter((doc) => ['running', 'frozen', 'stopping', 'starting'].includes(doc.phase))
      .map((doc) => doc.id),
  );
}

function isStart(metadata: unknown): boolean {
  const action = (metadata as { action?: unknown } | null)?.action;
  return action === 'instance-started' || action === 'instance-restarted' || action === 'network-created';
}
