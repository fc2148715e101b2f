/** Routes of backups of instances. */
import type { Handlers } from '../../api/handlers.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import { findInstance, instanceUrl } from '../instances/find.ts';
import { listing } from '../listing.ts';
import type { InstanceDoc } from '../model.ts';
import { allowBackup } from '../projects/rules.ts';
import { checkBackupName, deleteBackup, renameBackup, tellBackup } from './change.ts';
import { backupsOf, backupUrl, backupView, findBackup } from './find.ts';
import { freeBackupName, makeBackup, wantedCompression } from './make.ts';
import { backupExpiry, backupFile } from './request.ts';

type All = '/1.0/instances/{name}/backups';
type Own = Pick<
  Handlers<Routes>,
  `${'GET' | 'POST'} ${All}` | `${'GET' | 'POST' | 'DELETE'} ${All}/{backup}` | `GET ${All}/{backup}/export`
>;

export function backupHandlers(house: House): Own {
  const resources = (doc: InstanceDoc, ...names: string[]) => ({
    instances: [instanceUrl(doc)],
    ...(names.length > 0 ? { backups: names.map((name) => backupUrl(doc, name)) } : {}),
  });
  return {
    'GET /1.0/instances/{name}/backups'({ params, query, project }) {
      const doc = findInstance(house, project, params.name);
      return listing(
        backupsOf(house, doc.id).map((backup) => ({
          url: backupUrl(doc, backup.name),
          object: () => backupView(backup),
        })),
        query,
      );
    },
    'POST /1.0/instances/{name}/backups'({ params, body, project }) {
      const doc = findInstance(house, project, params.name);
      allowBackup(house, project);
      const name = body.name || freeBackupName(house, doc.id);
      checkBackupName(house, doc.id, name);
      const expiresAt = backupExpiry(house, body.expires_at);
      const instanceOnly = Boolean(body.instance_only || body.container_only);
      const compression = wantedCompression(house, body.compression_algorithm);
      return house.operations.start(
        { description: 'Backing up instance', project, resources: resources(doc, name), mayCancel: true },
        async (task) => {
          await makeBackup(house, doc.id, { name, expiresAt, instanceOnly, compression }, task);
          tellBackup(house, doc, 'created', name);
        },
      );
    },
    'GET /1.0/instances/{name}/backups/{backup}'({ params, project }) {
      return backupView(findBackup(house, findInstance(house, project, params.name), params.backup));
    },
    'POST /1.0/instances/{name}/backups/{backup}'({ params, body, project }) {
      const doc = findInstance(house, project, params.name);
      const { name } = findBackup(house, doc, params.backup);
      checkBackupName(house, doc.id, body.name);
      return house.operations.start(
        { description: 'Renaming instance backup', project, resources: resources(doc, name) },
        () => house.queue(doc.id, () => renameBackup(house, doc.id, name, body.name)),
      );
    },
    'DELETE /1.0/instances/{name}/backups/{backup}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      const { name } = findBackup(house, doc, params.backup);
      return house.operations.start(
        { description: 'Removing instance backup', project, resources: resources(doc) },
        () => house.queue(doc.id, () => deleteBackup(house, doc.id, name)),
      );
    },
    async 'GET /1.0/instances/{name}/backups/{backup}/export'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      const backup = findBackup(house, doc, params.backup);
      const file = await backupFile(house, backup.id);
      tellBackup(house, doc, 'retrieved', backup.name);
      return file;
    },
  };
}
