/** Who uses custom volumes: instances and profiles with a disk device that names one. */
import type { House } from '../house.ts';
import { expand } from '../instances/expand.ts';
import { allInstances, instanceUrl } from '../instances/find.ts';
import type { ConfigMap, DevicesMap, InstanceDoc, ProfileDoc } from '../model.ts';
import type { DeviceVolume } from '../ports/devices.ts';
import { inProject } from '../projects/url.ts';
import { type VolumePlace, volumeProject } from './find.ts';

type Needs = Pick<House, 'documents'>;

/** Pool and name that a device means; `source` may go on with a path inside the volume. */
export function deviceVolume(config: ConfigMap): DeviceVolume | undefined {
  if (config.type !== 'disk' || !config.pool || !config.source) return undefined;
  const [name = '', ...rest] = config.source.split('/');
  return name === '' ? undefined : { pool: config.pool, name, subpath: rest.join('/') };
}

const keyOf = ({ pool, project, name }: VolumePlace) => `${pool}\0${project}\0${name}`;

function* volumesOf(house: Needs, project: string, devices: DevicesMap): Generator<VolumePlace> {
  for (const config of Object.values(devices)) {
    const volume = deviceVolume(config);
    if (volume) yield { pool: volume.pool, name: volume.name, project: volumeProject(house, project) };
  }
}

/** Addresses of all users by volume, made once for a whole list: own devices of instances, and profiles. */
export function volumeUsers(house: Needs): (place: VolumePlace) => string[] {
  const users = new Map<string, Set<string>>();
  const note = (project: string, devices: DevicesMap, url: string) => {
    for (const place of volumesOf(house, project, devices)) {
      const known = users.get(keyOf(place)) ?? new Set();
      users.set(keyOf(place), known.add(url));
    }
  };
  for (const doc of allInstances(house)) note(doc.project, doc.devices, instanceUrl(doc));
  for (const doc of house.documents.list<ProfileDoc>('profiles/'))
    note(doc.project, doc.devices, inProject(`/1.0/profiles/${encodeURIComponent(doc.name)}`, doc.project));
  return (place) => [...(users.get(keyOf(place)) ?? [])];
}

/** Instances that have the volume, also through a profile. */
export function instancesWith(house: Needs, place: VolumePlace): InstanceDoc[] {
  return allInstances(house).filter((doc) =>
    volumesOf(house, doc.project, expand(house, doc).devices).some((used) => keyOf(used) === keyOf(place)),
  );
}

export const isUp = (doc: InstanceDoc): boolean => doc.phase !== 'stopped' && doc.phase !== 'creating';

/** `devices` with every mention of the volume changed to its new pool and name; undefined when there was none. */
export function renamedDevices(
  house: Needs,
  owner: { project: string; devices: DevicesMap },
  from: VolumePlace,
  to: VolumePlace,
): DevicesMap | undefined {
  let found = false;
  const devices = Object.entries(owner.devices).map(([device, config]) => {
    const used = deviceVolume(config);
    if (!used || keyOf({ ...used, project: volumeProject(house, owner.project) }) !== keyOf(from))
      return [device, config];
    found = true;
    return [device, { ...config, pool: to.pool, source: [to.name, ...(used.subpath ? [used.subpath] : [])].join('/') }];
  });
  return found ? (Object.fromEntries(devices) as DevicesMap) : undefined;
}
