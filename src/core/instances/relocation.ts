/** What the instance routes do for copies, refreshes and moves on this server. */
import { fail } from '../../api/errors.ts';
import type { InstancePost, InstancesPost } from '../../api/resources/instances.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import { plainConfig } from './config.ts';
import { plainDevices } from './devices.ts';
import { volumeSource } from './draft.ts';
import { instanceUrl, lookUpInstance, snapshotsOf } from './find.ts';
import { type Move, mayMoveRunning, moveInstance } from './move.ts';
import { refreshInstance } from './refresh.ts';
import { runs } from './runs.ts';

type Named = Pick<InstanceDoc, 'name' | 'project'>;

/** The new instance, and what it is a copy of. */
export function copyResources(made: Named, { source }: InstancesPost): Record<string, string[]> {
  const name = source?.type === 'copy' ? source.source : undefined;
  const from = name ? [instanceUrl({ name, project: source?.project || made.project })] : [];
  return { instances: [instanceUrl(made), ...from] };
}

/** The instance that a copy with `refresh` is to bring up to date; there may be none, then it is an ordinary copy. */
export function wantedRefresh(house: House, project: string, body: InstancesPost): InstanceDoc | undefined {
  if (body.source?.type !== 'copy' || !body.source.refresh || !body.name) return undefined;
  const doc = lookUpInstance(house, project, body.name);
  if (doc && runs(house, doc.id)) fail('instance.refresh-running');
  return doc;
}

export function startRefresh(house: House, doc: InstanceDoc, body: InstancesPost): Operation {
  const { source } = volumeSource(house, doc.project, body.source ?? {});
  const excludeOlder = body.source?.refresh_exclude_older ?? false;
  return house.operations.start(
    {
      description: 'Creating instance',
      project: doc.project,
      resources: copyResources(doc, body),
      mayCancel: true,
    },
    (task) => refreshInstance(house, doc.id, source, { excludeOlder }, task),
  );
}

/** A new instance, and the snapshots that came with it. */
export function tellCreated(house: House, doc: InstanceDoc): void {
  house.events.lifecycle(doc.project, {
    action: 'instance-created',
    source: instanceUrl(doc),
    name: doc.name,
    context: { type: doc.type, location: 'none', 'storage-pool': doc.pool },
  });
  for (const { name } of snapshotsOf(house, doc.id))
    house.events.lifecycle(doc.project, {
      action: 'instance-snapshot-created',
      source: instanceUrl(doc, `/snapshots/${encodeURIComponent(name)}`),
      name: doc.name,
    });
}

/** Whether something is to move without leaving this server. */
export function isLocalMove(doc: InstanceDoc, body: InstancePost): boolean {
  if (!body.migration || body.target) return false;
  return Boolean(body.pool || body.project || (body.name && body.name !== doc.name));
}

function tellMoved(house: House, from: InstanceDoc, to: InstanceDoc): void {
  const tell = (doc: InstanceDoc, action: string, context?: Record<string, unknown>) =>
    house.events.lifecycle(doc.project, {
      action,
      source: instanceUrl(doc),
      name: doc.name,
      ...(context ? { context } : {}),
    });
  if (to.project !== from.project) {
    tell(from, 'instance-deleted');
    tellCreated(house, to);
    return;
  }
  if (to.pool !== from.pool) tell(to, 'instance-migrated');
  if (to.name !== from.name) tell(to, 'instance-renamed', { old_name: from.name });
}

export function startMove(house: House, doc: InstanceDoc, body: InstancePost): Operation {
  const move: Move = {
    ...(body.name ? { name: body.name } : {}),
    ...(body.project ? { project: body.project } : {}),
    ...(body.pool ? { pool: body.pool } : {}),
    ...(body.Config ? { config: { ...doc.config, ...plainConfig(body.Config) } } : {}),
    ...(body.Devices ? { devices: { ...doc.devices, ...plainDevices(body.Devices) } } : {}),
    ...(body.Profiles ? { profiles: body.Profiles } : {}),
    ...(body.instance_only || body.container_only ? { instanceOnly: true } : {}),
  };
  if (runs(house, doc.id) && !mayMoveRunning(house, doc, move))
    fail('instance.move-running', { how: body.project && body.project !== doc.project ? 'projects' : 'storage pools' });
  return house.operations.start(
    { description: 'Migrating instance', project: doc.project, resources: { instances: [instanceUrl(doc)] } },
    async (task) => {
      const moved = await house.queue(doc.id, () => moveInstance(house, doc.id, move, task));
      tellMoved(house, doc, moved);
    },
  );
}
