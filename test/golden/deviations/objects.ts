/** Deviations in images, networks, pools, volumes, profiles and projects. */
import type { Deviation } from '../deviation.ts';

const ownName = 'The name of this program in a description.';
const idmap = 'Volumes are mounted with the ids of the guest (idmapped mounts); nothing has to be remembered on them.';
const zones = 'Network zones are not there.';

export const objectDeviations: readonly Deviation[] = [
  {
    where: '*',
    path: '*metadata.size',
    kind: 'value',
    reason: 'The replay makes the images again; their tarballs have another size.',
  },
  { where: 'GET /1.0/profiles*', path: '*description', kind: 'value', reason: ownName },
  { where: 'GET /1.0/projects*', path: '*description', kind: 'value', reason: ownName },
  { where: '* /1.0/network-zones*', path: 'status', reason: zones },
  {
    where: 'GET /1.0/network-allocations',
    path: 'metadata[]*',
    reason:
      'All networks and all instances with an address are listed, stopped ones too; addresses are given out in their order.',
  },
  {
    where: 'GET /1.0/networks/{name}/leases',
    path: 'metadata[]*',
    reason: 'Only leases of guests that run are told; an imported instance has an address of its own.',
  },
  {
    where: 'GET /1.0/networks/{name}/state',
    path: 'metadata.bridge.id',
    kind: 'value',
    reason: 'It contains the address of the bridge.',
  },
  {
    where: 'GET /1.0/networks/{name}/state',
    path: 'metadata.bridge.upper_devices[]',
    kind: 'missing',
    reason: 'The names of host links are made by chance.',
  },
  {
    where: 'GET /1.0/storage-pools/{pool}/volumes',
    path: 'metadata[]',
    kind: 'length',
    reason: 'The image from which instances of a pool are made is a volume of it, of the type image.',
  },
  { where: '*volumes*', path: '*config.volatile.idmap.*', kind: 'missing', reason: idmap },
  {
    where: 'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/state',
    path: 'metadata.usage',
    kind: 'type',
    reason: 'The space that a volume uses is known; Incus knows it only with quotas.',
  },
  {
    where: 'GET /1.0/events',
    path: 'lifecycle storage-volume-*.source',
    kind: 'value',
    reason:
      'The path is the one under which the API has the volume; Incus has its internal name there (`default_v1`), which answers 404.',
  },
  {
    where: 'GET /1.0/events',
    path: 'lifecycle storage-volume-created.context.location',
    kind: 'missing',
    reason: 'There are no other members; Incus tells it only of imports.',
  },
];
