/** The target of a migration: the request for an instance that comes from another server. */
import { fail } from '../../api/errors.ts';
import type { InstancesPost } from '../../api/resources/instances.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { House } from '../house.ts';
import { plainConfig } from '../instances/config.ts';
import type { Draft } from '../instances/create.ts';
import { plainDevices, rootDevice } from '../instances/devices.ts';
import { draftInstance } from '../instances/draft.ts';
import { expand } from '../instances/expand.ts';
import { instanceUrl, lookUpInstance } from '../instances/find.ts';
import { tellCreated } from '../instances/relocation.ts';
import { startInstance } from '../instances/start.ts';
import type { ConfigMap, DevicesMap, PoolDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { receiveInstance } from './receive-instance.ts';
import { receiveRefresh } from './receive-refresh.ts';
import { refusing } from './refusal.ts';
import { type OtherOperation, otherOperation, socketNames } from './sockets.ts';

export function startArrival(house: House, project: string, body: InstancesPost): Operation {
  const source = body.source ?? {};
  if (source.mode !== 'pull' && source.mode !== 'push') fail('migration.mode', { mode: source.mode ?? '' });
  if (source.live) fail('migration.live');
  const other = source.mode === 'pull' ? otherOperation(source) : undefined;
  const present = body.name ? lookUpInstance(house, project, body.name) : undefined;
  if (present && source.refresh) {
    if (house.runtime.get(present.id)) fail('instance.refresh-running');
    const excludeOlder = source.refresh_exclude_older ?? false;
    const withSnapshots = !source.instance_only && !source.container_only;
    return start(house, present, other, (task) =>
      receiveRefresh(house, present.id, other, { excludeOlder, withSnapshots, baseImage: source['base-image'] }, task),
    );
  }
  const draft = arrivingDraft(house, project, body);
  if (lookUpInstance(house, project, draft.name)) fail('instance.exists', { name: draft.name });
  const withSnapshots = !source.instance_only && !source.container_only;
  return start(house, draft, other, async (task) => {
    const doc = await receiveInstance(house, draft, other, { withSnapshots }, task);
    tellCreated(house, doc);
    if (body.start) await house.queue(doc.id, () => startInstance(house, doc.id, task));
  });
}

function start(
  house: House,
  doc: { name: string; project: string },
  other: OtherOperation | undefined,
  work: (task: Task) => Promise<void>,
): Operation {
  return house.operations.start(
    {
      description: 'Creating instance',
      project: doc.project,
      resources: { instances: [instanceUrl(doc)] },
      mayCancel: true,
      ...(other ? {} : { channels: [...socketNames], bareSecrets: true }),
    },
    (task) => refusing(() => work(task)),
  );
}

/** Volatile keys that say who an instance is: a copy comes without them, a move keeps them. */
const identityKeys = [
  'volatile.base_image',
  'volatile.uuid',
  'volatile.uuid.generation',
  'volatile.cloud-init.instance-id',
];

function arrivingDraft(house: House, project: string, body: InstancesPost): Draft {
  const config = plainConfig(body.config);
  const devices = withRootDisk(house, project, body, plainDevices(body.devices));
  const { draft } = draftInstance(house, project, { ...body, devices, source: { type: 'none' } });
  return { ...draft, config: { ...draft.config, ...identityOf(config, body.source?.['base-image']) } };
}

function identityOf(config: ConfigMap, baseImage: string | undefined): ConfigMap {
  const base = baseImage ? { 'volatile.base_image': baseImage } : {};
  const given = {
    ...Object.fromEntries(Object.entries(config).filter(([key]) => identityKeys.includes(key))),
    ...base,
  };
  // Of another server: the form is all that can be checked.
  return Object.fromEntries(
    Object.entries(given).filter(([key, value]) =>
      key === 'volatile.base_image' ? /^[0-9a-f]{64}$/.test(value) : /^[0-9a-f-]{1,64}$/i.test(value),
    ),
  );
}

/** Where the profiles of this server name no root disk, the only pool is meant. */
function withRootDisk(house: House, project: string, body: InstancesPost, devices: DevicesMap): DevicesMap {
  const { devices: all } = expand(house, { project, profiles: body.profiles ?? ['default'], config: {}, devices });
  const pools = house.documents.list<PoolDoc>('pools/');
  const [only, ...more] = pools;
  if (rootDevice(house, all) || !only || more.length > 0 || devices.root) return devices;
  return { ...devices, root: { type: 'disk', path: '/', pool: only.name } };
}
