/** Instances as the API shows them. */
import type { Instance, InstanceFull, InstanceSnapshot, InstanceState } from '../../api/resources/instances.ts';
import { zeroTime } from '../../api/schema.ts';
import { statusCodes } from '../../api/status.ts';
import { backupViews } from '../backups/find.ts';
import type { House } from '../house.ts';
import type { ConfigMap, InstanceDoc, SnapshotDoc } from '../model.ts';
import type { EndCause } from '../ports/engine.ts';
import { type Expanded, expand, knownProfiles } from './expand.ts';
import { snapshotsOf } from './find.ts';
import { hostMapOf } from './ids.ts';
import { phaseStatus } from './state.ts';

type Needs = Pick<House, 'documents' | 'runtime' | 'facts'>;

/** Of instances, unlike of all else, "never" is the beginning of 1970: clients and scripts compare with it. */
function lastUsed(time: string): string {
  return time === zeroTime ? '1970-01-01T00:00:00Z' : time;
}

export function instanceView(house: Needs, doc: InstanceDoc): Instance {
  const expanded: Expanded = expand(house, doc);
  const volatile = volatileConfig(house, doc);
  const status = phaseStatus[doc.phase];
  return {
    name: doc.name,
    description: doc.description,
    status,
    status_code: statusCodes[status],
    created_at: doc.createdAt,
    last_used_at: lastUsed(doc.lastUsedAt),
    location: 'none',
    type: doc.type,
    project: doc.project,
    architecture: doc.architecture,
    ephemeral: doc.ephemeral,
    stateful: doc.stateful,
    profiles: doc.profiles,
    config: { ...shownConfig(doc.config), ...volatile },
    devices: doc.devices,
    expanded_config: { ...shownConfig(expanded.config), ...volatile },
    expanded_devices: expanded.devices,
    ...(doc.type === 'virtual-machine' && house.facts.emulation ? { emulated: house.facts.emulation.reason } : {}),
    ...(doc.lastEnd ? { last_end: causeText(doc.lastEnd) } : {}),
  };
}

/**
 * Moving an instance, clients give all of its config to the other server, and Incus refuses volatile keys that it does not
 * know: the addresses that we chose for a network card are shown under a name of its own.
 */
function shownConfig(config: ConfigMap): ConfigMap {
  const shown: ConfigMap = {};
  for (const [key, value] of Object.entries(config)) {
    const [, card] = /^volatile\.([^.]+)\.ipv[46]\.address$/.exec(key) ?? [];
    if (card === undefined) shown[key] = value;
    else {
      const name = `volatile.${card}.last_state.ip_addresses`;
      shown[name] = shown[name] === undefined ? value : `${shown[name]},${value}`;
    }
  }
  return shown;
}

/** `volatile.*` keys that follow from other fields and are not stored twice. */
export function volatileConfig(house: Pick<House, 'runtime' | 'facts'>, doc: InstanceDoc): Record<string, string> {
  const rows = hostMapOf(house, doc).map((row) => ({ Hostid: row.outside, Nsid: row.inside, Maprange: row.count }));
  const map = JSON.stringify(
    [true, false].flatMap((isUser) => rows.map((row) => ({ Isuid: isUser, Isgid: !isUser, ...row }))),
  );
  const running = doc.phase === 'running' || doc.phase === 'frozen' || doc.phase === 'stopping';
  const derived: Record<string, string> = {
    'volatile.idmap.base': String(doc.idBase),
    'volatile.idmap.current': map,
    'volatile.idmap.next': map,
    'volatile.last_state.idmap': '[]',
  };
  if (running || doc.lastUsedAt !== zeroTime) derived['volatile.last_state.power'] = running ? 'RUNNING' : 'STOPPED';
  // Nothing tells the daemon yet that a guest is ready; clients know the key from the first stop on.
  if (doc.lastEnd) derived['volatile.last_state.ready'] = 'false';
  for (const nic of house.runtime.get(doc.id)?.nics ?? []) derived[`volatile.${nic.name}.host_name`] = nic.hostName;
  return derived;
}

/** How the guest ended last: halted, rebooting, oom, unknown, `killed SIGKILL` or `crashed 3`. */
function causeText(cause: EndCause): string {
  if (cause.kind === 'killed') return `killed ${cause.signal}`;
  return cause.kind === 'crashed' ? `crashed ${cause.exitCode}` : cause.kind;
}

/** The full object; `state` comes from the caller, who knows how fresh it has to be. */
export function instanceFullView(house: Needs, doc: InstanceDoc, state: InstanceState | null): InstanceFull {
  const snapshots = snapshotsOf(house, doc.id).map((snapshot) => snapshotView(house, doc, snapshot));
  return {
    ...instanceView(house, doc),
    backups: backupViews(house, doc.id),
    state,
    snapshots: snapshots.length > 0 ? snapshots : null,
  };
}

export function snapshotView(
  house: Needs,
  instance: InstanceDoc,
  snapshot: SnapshotDoc,
  sizeBytes = 0,
): InstanceSnapshot {
  const known = { ...snapshot.state, project: instance.project };
  const expanded = expand(house, { ...known, profiles: knownProfiles(house, known.project, known.profiles) });
  return {
    name: snapshot.name,
    description: snapshot.description,
    created_at: snapshot.createdAt,
    expires_at: snapshot.expiresAt || zeroTime,
    size: sizeBytes,
    stateful: snapshot.stateful ?? false,
    architecture: known.architecture,
    config: shownConfig(known.config),
    devices: known.devices,
    profiles: known.profiles,
    ephemeral: known.ephemeral,
    last_used_at: lastUsed(known.lastUsedAt),
    expanded_config: shownConfig(expanded.config),
    expanded_devices: expanded.devices,
  };
}
