/** From a create request to a checked draft and its source. Nothing on the host has been touched when this refuses. */
import { fail } from '../../api/errors.ts';
import type { InstancesPost } from '../../api/resources/instances.ts';
import { normaliseMac } from '../../lib/mac.ts';
import { instanceNameError } from '../../lib/names.ts';
import { randomName } from '../../lib/random-name.ts';
import type { House } from '../house.ts';
import { findImage } from '../images/find.ts';
import { remoteSource } from '../images/remote/source.ts';
import type { ConfigMap, InstanceDoc } from '../model.ts';
import { allowImageServer, allowInstance } from '../projects/rules.ts';
import { checkInstanceConfig, plainConfig } from './config.ts';
import { copiedConfig, type VolumeSource } from './copy-volume.ts';
import type { Draft, Source } from './create.ts';
import { checkDevices, checkExpandedDevices, checkKindOfDevices, plainDevices, rootPool } from './devices.ts';
import { checkProfiles, expand } from './expand.ts';
import { findInstance, findSnapshot, lookUpInstance } from './find.ts';
import { typeLimits } from './instance-type.ts';

type Needs = Pick<House, 'documents' | 'devices' | 'facts' | 'clock'>;
type Request = { draft: Draft; source: Source };

export function draftInstance(house: Needs, project: string, body: InstancesPost): Request {
  const type = instanceType(body.type);
  const name = body.name || freeName(house, project);
  const reason = instanceNameError(name);
  if (reason) fail('instance.name', { reason });
  const { source, inherited } = readSource(house, project, body, type);
  const draft: Draft = {
    name,
    project,
    type: inherited?.type ?? type,
    architecture: body.architecture || house.facts.architecture,
    description: body.description ?? inherited?.description ?? '',
    ephemeral: body.ephemeral ?? false,
    // Null means those of the image, an empty list none.
    profiles: body.profiles ?? inherited?.profiles ?? (source.kind === 'image' ? source.image.profiles : ['default']),
    config: {
      ...copiedConfig(inherited?.config ?? {}),
      ...typeLimits(body.instance_type),
      ...ownConfig(plainConfig(body.config)),
    },
    devices: { ...inherited?.devices, ...plainDevices(body.devices) },
  };
  if (draft.architecture !== house.facts.architecture)
    fail('instance.source', { reason: `this host runs ${house.facts.architecture}, not ${draft.architecture}` });
  checkInstanceConfig(house.facts, draft.config);
  checkDevices(house, draft.devices, draft.project);
  checkProfiles(draft.profiles);
  const { devices } = expand(house, draft);
  checkExpandedDevices(house, devices);
  checkKindOfDevices(house, draft, devices);
  rootPool(house, devices);
  allowInstance(house, draft);
  return { draft, source };
}

/** `volatile.*` is the server's, but for the MAC addresses, which a user may choose at creation. */
function ownConfig(config: ConfigMap): ConfigMap {
  const isMacKey = (key: string) => /^volatile\.[^.]+\.hwaddr$/.test(key);
  for (const [key, value] of Object.entries(config))
    if (isMacKey(key) && !normaliseMac(value))
      fail('instance.config', { reason: `Invalid value for config key "${key}": "${value}" is not a MAC address` });
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith('volatile.') || isMacKey(key)));
}

function freeName(house: Needs, project: string): string {
  for (;;) {
    const name = randomName(house.clock.randomHex);
    if (!lookUpInstance(house, project, name)) return name;
  }
}

type Inherited = Pick<InstanceDoc, 'config' | 'devices' | 'profiles'> &
  Partial<Pick<InstanceDoc, 'type'>> & { description: string };

function instanceType(type: string | undefined): InstanceDoc['type'] {
  if (type === 'virtual-machine') return type;
  return type === undefined || type === '' || type === 'container' ? 'container' : fail('instance.type', { type });
}

function readSource(
  house: Needs,
  project: string,
  body: InstancesPost,
  type: InstanceDoc['type'],
): { source: Source; inherited?: Inherited } {
  const source = body.source ?? {};
  switch (source.type ?? '') {
    case 'image': {
      if (source.server) {
        allowImageServer(house, project, source.server);
        return { source: { kind: 'remote', from: remoteSource(source, body.type) } };
      }
      const wanted = source.fingerprint || source.alias;
      if (!wanted) return fail('instance.source', { reason: 'an image needs an alias or a fingerprint' });
      const image = findImage(house, project, wanted, type);
      if (image.type !== type) fail('image.type', { type: image.type, instance: type });
      return { source: { kind: 'image', image } };
    }
    case 'none':
    case '':
      return { source: { kind: 'none' } };
    case 'copy':
      return volumeSource(house, project, source);
    default:
      return fail('instance.source', { reason: `"${source.type}" is not one of image, copy, none` });
  }
}

/** The instance or snapshot that a copy is made of. */
export function volumeSource(
  house: Pick<House, 'documents'>,
  project: string,
  source: NonNullable<InstancesPost['source']>,
): { source: VolumeSource; inherited: Inherited } {
  const [instanceName = '', snapshotName, ...more] = (source.source ?? '').split('/');
  if (instanceName === '' || snapshotName === '' || more.length > 0)
    fail('instance.source', { reason: `"${source.source ?? ''}" is not the name of an instance or of a snapshot` });
  const instance = findInstance(house, source.project || project, instanceName);
  const volume = { kind: 'volume' as const, id: instance.id, inconsistent: source.allow_inconsistent ?? false };
  if (snapshotName === undefined)
    return { source: { ...volume, whole: !source.instance_only && !source.container_only }, inherited: instance };
  const snapshot = findSnapshot(house, instance, snapshotName);
  return {
    source: { ...volume, snapshot: snapshot.id, whole: false },
    inherited: { ...snapshot.state, type: instance.type, description: instance.description },
  };
}
