/** The target of a migration: the request for an instance that comes from another server. */
import { fail } from '../../api/errors.ts';
import type { InstancesPost } from '../../api/resources/instances.ts';
import type { Operation } from '../../api/resources/operations.ts';
import { parseIp } from '../../lib/ip.ts';
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
import { checkLive } from './live.ts';
import { receiveInstance } from './receive-instance.ts';
import { receiveRefresh } from './receive-refresh.ts';
import { refusing } from './refusal.ts';
import { channelNames, type OtherOperation, otherOperation } from './sockets.ts';

export function startArrival(house: House, project: string, body: InstancesPost): Operation {
  const source = body.source ?? {};
  if (source.mode !== 'pull' && source.mode !== 'push') fail('migration.mode', { mode: source.mode ?? '' });
  const live = source.live === true;
  if (live && body.type !== 'virtual-machine') fail('migration.live');
  const other = source.mode === 'pull' ? otherOperation(source, live) : undefined;
  const present = body.name ? lookUpInstance(house, project, body.name) : undefined;
  if (present && source.refresh) {
    if (house.runtime.get(present.id)) fail('instance.refresh-running');
    const excludeOlder = source.refresh_exclude_older ?? false;
    const withSnapshots = !source.instance_only && !source.container_only;
    return start(house, present, { other, live: false }, (task) =>
      receiveRefresh(house, present.id, other, { excludeOlder, withSnapshots, baseImage: source['base-image'] }, task),
    );
  }
  const draft = arrivingDraft(house, project, body);
  if (live) checkLive(house, body.type, draft.name, expand(house, draft).devices);
  if (lookUpInstance(house, project, draft.name)) fail('instance.exists', { name: draft.name });
  const withSnapshots = !source.instance_only && !source.container_only;
  return start(house, draft, { other, live }, async (task) => {
    const doc = await receiveInstance(house, draft, other, { withSnapshots, live }, task);
    tellCreated(house, doc);
    // One that came while it ran runs.
    if (body.start && doc.phase === 'stopped') await house.queue(doc.id, () => startInstance(house, doc.id, task));
  });
}

function start(
  house: House,
  doc: { name: string; project: string },
  { other, live }: { other: OtherOperation | undefined; live: boolean },
  work: (task: Task) => Promise<void>,
): Operation {
  return house.operations.start(
    {
      description: 'Creating instance',
      project: doc.project,
      resources: { instances: [instanceUrl(doc)] },
      mayCancel: true,
      ...(other ? {} : { channels: channelNames(live), bareSecrets: true }),
    },
    (task) => refusing(() => work(task)),
  );
}

const uuid = /^[0-9a-f-]{1,64}$/i;
/**
 * Volatile keys that say who an instance is, and the form that they have: of another server, it is all that can be checked. A
 * copy comes without them, a move keeps them.
 */
const identityForms: Record<string, RegExp> = {
  'volatile.base_image': /^[0-9a-f]{64}$/,
  'volatile.uuid': uuid,
  'volatile.uuid.generation': uuid,
  'volatile.cloud-init.instance-id': uuid,
  'volatile.vm.definition': /^pc-q35-[0-9.]{1,16}$/,
};

function arrivingDraft(house: House, project: string, body: InstancesPost): Draft {
  const config = plainConfig(body.config);
  const devices = withRootDisk(house, project, body, plainDevices(body.devices));
  const { draft } = draftInstance(house, project, { ...body, devices, source: { type: 'none' } });
  const addresses = body.source?.live ? addressesOf(config) : {};
  return { ...draft, config: { ...draft.config, ...addresses, ...identityOf(config, body.source?.['base-image']) } };
}

/** What runs keeps its addresses where the network here has them too, and nobody else holds them. */
const addressesOf = (config: ConfigMap): ConfigMap =>
  Object.fromEntries(
    Object.entries(config).filter(
      ([key, value]) => /^volatile\.[^.]+\.ipv4\.address$/.test(key) && parseIp(value)?.family === 'inet',
    ),
  );

function identityOf(config: ConfigMap, baseImage: string | undefined): ConfigMap {
  const base = baseImage ? { 'volatile.base_image': baseImage } : {};
  const given = Object.entries({ ...config, ...base });
  return Object.fromEntries(
    given.filter(([key, value]) => Object.hasOwn(identityForms, key) && identityForms[key]?.test(value)),
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
