/** Finding backups by what users and clients say, and showing them. */
import { fail } from '../../api/errors.ts';
import type { InstanceBackup } from '../../api/resources/instances.ts';
import { zeroTime } from '../../api/schema.ts';
import type { House } from '../house.ts';
import { instanceUrl } from '../instances/find.ts';
import { type BackupDoc, type InstanceDoc, keys } from '../model.ts';
import { backupNameIn } from './request.ts';

type Needs = Pick<House, 'documents'>;

export function backupsOf(house: Needs, instance: string): BackupDoc[] {
  return house.documents.list<BackupDoc>(keys.backupsOf(instance)).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

export function findBackup(house: Needs, instance: InstanceDoc, said: string): BackupDoc {
  const name = backupNameIn(said);
  return backupsOf(house, instance.id).find((doc) => doc.name === name) ?? fail('backup.not-found');
}

export function backupUrl(instance: Pick<InstanceDoc, 'name' | 'project'>, name: string): string {
  return instanceUrl(instance, `/backups/${encodeURIComponent(name)}`);
}

export function backupView({ name, createdAt, expiresAt, instanceOnly }: BackupDoc): InstanceBackup {
  return {
    name,
    created_at: createdAt,
    expires_at: expiresAt || zeroTime,
    instance_only: instanceOnly,
    container_only: instanceOnly,
    optimized_storage: false,
  };
}

/** For the full object of an instance: null when there is none, as Incus has it. */
export function backupViews(house: Needs, instance: string): InstanceBackup[] | null {
  const docs = backupsOf(house, instance);
  return docs.length > 0 ? docs.map(backupView) : null;
}
