/** Routes of volumes. */
import { fail } from '../../api/errors.ts';
import type { Handlers, VariedReply } from '../../api/handlers.ts';
import type { volumeRoutes } from '../../api/resources/volume-routes.ts';
import type { StorageVolume, StorageVolumePost, StorageVolumesPost } from '../../api/resources/volumes.ts';
import type { House } from '../house.ts';
import { patchedConfig, plainConfig } from '../instances/config.ts';
import { listing, wantsAllProjects } from '../listing.ts';
import { startSendingVolume } from '../migration/send-volume.ts';
import { startVolumeArrival } from '../migration/volume-arrival.ts';
import type { VolumeDoc } from '../model.ts';
import { updateVolume } from './change.ts';
import { copySource, copyVolume, draftCopy, refreshVolume } from './copy.ts';
import { createEmptyVolume, draftVolume } from './create.ts';
import { deleteVolume } from './delete.ts';
import {
  findPool,
  findVolume,
  namedVolumeProject,
  type VolumeParams,
  volumeById,
  volumeProject,
  volumeUrl,
} from './find.ts';
import { checkMove, moveVolume, renameVolume } from './move.ts';
import { otherVolume } from './other-volume.ts';
import { restoreVolume } from './snapshots.ts';
import { volumeState } from './state.ts';
import { isVolumeType, onlyCustom } from './type.ts';
import { receiveVolume } from './upload.ts';
import { volumeUsers } from './users.ts';
import { listVolumes, volumeView } from './view.ts';

type Base = '/1.0/storage-pools/{pool}/volumes';
type One = `${Base}/{type}/{volume}`;
type Own = Pick<
  Handlers<typeof volumeRoutes>,
  | `${'GET' | 'POST'} ${Base}${'' | '/{type}'}`
  | `${'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'} ${One}`
  | `GET ${One}/state`
>;

export function volumeHandlers(house: House): Own {
  const find = ({ pool, volume: name }: VolumeParams, project: string): VolumeDoc => {
    findPool(house, pool);
    return findVolume(house, { pool, project: volumeProject(house, project), name });
  };
  const view = (doc: VolumeDoc) => volumeView(doc, volumeUsers(house)(doc));
  const create = (pool: string, project: string, body: StorageVolumesPost) =>
    createVolume(house, { pool, project: volumeProject(house, project) }, project, body);
  const update = async (
    { params, project, checkMatch }: { params: VolumeParams; project: string; checkMatch(current: unknown): void },
    restore: string | null | undefined,
    next: Parameters<typeof updateVolume>[2],
  ) => {
    onlyCustom(params.type);
    const { id } = find(params, project);
    await house.queue(id, async () => {
      checkMatch(view(volumeById(house, id)));
      if (restore) return restoreVolume(house, id, restore);
      await updateVolume(house, id, next);
    });
    return {};
  };
  return {
    async 'GET /1.0/storage-pools/{pool}/volumes'({ params, query, project }) {
      findPool(house, params.pool);
      return listing(await listVolumes(house, params.pool, wantsAllProjects(query) ? undefined : project), query);
    },
    'POST /1.0/storage-pools/{pool}/volumes'({ params, body, project }) {
      onlyCustom(body.type ?? '');
      return create(params.pool, project, body);
    },
    async 'GET /1.0/storage-pools/{pool}/volumes/{type}'({ params, query, project }) {
      findPool(house, params.pool);
      if (!isVolumeType(params.type)) fail('volume.type', { type: params.type });
      const all = await listVolumes(house, params.pool, wantsAllProjects(query) ? undefined : project);
      const listed = all
        .map((item) => ({ ...item, seen: item.object() }))
        .filter(({ seen }) => seen.type === params.type);
      return listing<StorageVolume>(listed, query);
    },
    async 'POST /1.0/storage-pools/{pool}/volumes/{type}'({ params, body, project, stream, headers, signal }) {
      onlyCustom(params.type);
      if (!stream) return create(params.pool, project, body);
      const place = { pool: params.pool, project: volumeProject(house, project) };
      return { operation: await receiveVolume(house, place, project, { stream, headers, signal }) };
    },
    async 'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}'({ params, project }) {
      if (params.type === 'custom') return view(find(params, project));
      return otherVolume(house, params, project);
    },
    'PUT /1.0/storage-pools/{pool}/volumes/{type}/{volume}': (call) =>
      update(call, call.body.restore, () => ({
        description: call.body.description ?? '',
        config: plainConfig(call.body.config),
      })),
    'PATCH /1.0/storage-pools/{pool}/volumes/{type}/{volume}': (call) =>
      update(call, call.body.restore, (doc) => ({
        description: call.body.description ?? doc.description,
        config: patchedConfig(doc.config, call.body.config),
      })),
    async 'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}'({ params, body, project }) {
      onlyCustom(params.type);
      const doc = find(params, project);
      // A move on this server names another pool or project, or says where in its source.
      if (isSending(doc, body)) return { operation: startSendingVolume(house, project, doc, body) };
      const to = {
        pool: body.pool || doc.pool,
        project: body.project ? namedVolumeProject(house, body.project) : doc.project,
        name: body.name || doc.name,
      };
      if (to.pool === doc.pool && to.project === doc.project) {
        await renameVolume(house, doc, to.name);
        return { location: volumeUrl(to) };
      }
      checkMove(house, doc, to);
      const operation = house.operations.start(
        { description: 'Moving storage volume', project, resources: {}, mayCancel: true },
        (task) => moveVolume(house, doc, to, task),
      );
      return { operation };
    },
    async 'DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}'({ params, project }) {
      onlyCustom(params.type);
      await deleteVolume(house, find(params, project));
      return {};
    },
    'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/state': ({ params, project }) =>
      volumeState(house, params, project),
  };
}

async function createVolume(
  house: House,
  place: { pool: string; project: string },
  project: string,
  body: StorageVolumesPost,
): Promise<VariedReply> {
  const source = body.source ?? {};
  switch (source.type ?? '') {
    case '':
    case 'none': {
      await createEmptyVolume(house, draftVolume(house, place, body));
      return { value: {} };
    }
    case 'copy': {
      const from = copySource(house, place, source);
      const spec = { description: 'Copying storage volume', project, resources: {}, mayCancel: true };
      if (source.refresh)
        return { operation: house.operations.start(spec, (task) => refreshVolume(house, place, body, from, task)) };
      const doc = draftCopy(house, place, body, from);
      return { operation: house.operations.start(spec, (task) => copyVolume(house, doc, from, task)) };
    }
    case 'migration':
      return { operation: startVolumeArrival(house, place, project, body) };
    default:
      return fail('volume.source', { reason: `unknown source type "${source.type}"` });
  }
}

/** Whether a volume is to go to another server. */
function isSending(doc: VolumeDoc, body: StorageVolumePost): boolean {
  if (!body.migration) return false;
  return Boolean(body.target) || ((body.pool || doc.pool) === doc.pool && !body.project);
}
