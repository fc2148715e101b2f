/** Routes of backups of volumes. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { volumeRoutes } from '../../api/resources/volume-routes.ts';
import { wantedCompression } from '../backups/make.ts';
import { backupExpiry, backupFile } from '../backups/request.ts';
import type { House } from '../house.ts';
import { listing } from '../listing.ts';
import type { VolumeDoc } from '../model.ts';
import { allowBackup } from '../projects/rules.ts';
import {
  checkVolumeBackupName,
  deleteVolumeBackup,
  freeVolumeBackupName,
  makeVolumeBackup,
  renameVolumeBackup,
  volumeBackupView,
} from './backups.ts';
import {
  findCustomVolume,
  findVolumeBackup,
  type VolumeParams,
  volumeBackups,
  volumeBackupUrl,
  volumeUrl,
} from './find.ts';
import { otherVolume } from './other-volume.ts';
import { volumeBackupTold } from './told.ts';

type All = '/1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups';
type One = `${All}/{backup}`;
type Own = Pick<
  Handlers<typeof volumeRoutes>,
  `${'GET' | 'POST'} ${All}` | `${'GET' | 'POST' | 'DELETE'} ${One}` | `GET ${One}/export`
>;

export function volumeBackupHandlers(house: House): Own {
  const find = (params: VolumeParams, project: string) => findCustomVolume(house, params, project);
  const resources = (doc: VolumeDoc, name: string) => ({
    storage_volumes: [volumeUrl(doc)],
    backups: [volumeBackupUrl(doc, name)],
  });
  return {
    async 'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups'({ params, query, project }) {
      // Backups of guests belong to the guests.
      if (params.type !== 'custom') {
        await otherVolume(house, params, project);
        return [];
      }
      const doc = find(params, project);
      return listing(
        volumeBackups(house, doc.id).map((backup) => ({
          url: volumeBackupUrl(doc, backup.name),
          object: () => volumeBackupView(backup),
        })),
        query,
      );
    },
    'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups'({ params, body, project }) {
      const doc = find(params, project);
      allowBackup(house, doc.project);
      if (doc.contentType !== 'filesystem')
        return fail('volume.source', { reason: `a volume with content type ${doc.contentType} cannot be exported` });
      if (body.optimized_storage)
        return fail('volume.source', {
          reason: 'no driver here has an optimized format; leave out --optimized-storage',
        });
      const name = body.name || freeVolumeBackupName(house, doc.id);
      checkVolumeBackupName(house, doc.id, name);
      const expiresAt = backupExpiry(house, body.expires_at);
      const compression = wantedCompression(house, body.compression_algorithm);
      return house.operations.start(
        { description: 'Creating custom volume backup', project, resources: resources(doc, name), mayCancel: true },
        (task) =>
          makeVolumeBackup(
            house,
            doc.id,
            { name, expiresAt, volumeOnly: body.volume_only === true, compression },
            task,
          ),
      );
    },
    'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}': ({ params, project }) =>
      volumeBackupView(findVolumeBackup(house, find(params, project).id, params.backup)),
    'POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}'({ params, body, project }) {
      const doc = find(params, project);
      const { name } = findVolumeBackup(house, doc.id, params.backup);
      checkVolumeBackupName(house, doc.id, body.name);
      return house.operations.start(
        { description: 'Renaming custom volume backup', project, resources: resources(doc, name) },
        () => house.queue(doc.id, () => renameVolumeBackup(house, doc.id, name, body.name)),
      );
    },
    'DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}'({ params, project }) {
      const doc = find(params, project);
      const { name } = findVolumeBackup(house, doc.id, params.backup);
      return house.operations.start(
        { description: 'Deleting custom volume backup', project, resources: resources(doc, name) },
        () => house.queue(doc.id, () => deleteVolumeBackup(house, doc.id, name)),
      );
    },
    async 'GET /1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups/{backup}/export'({ params, project }) {
      const doc = find(params, project);
      const backup = findVolumeBackup(house, doc.id, params.backup);
      const file = await backupFile(house, backup.id);
      volumeBackupTold(house, 'retrieved', doc, backup.name);
      return file;
    },
  };
}
