/** Renaming and deleting backups of instances. Callers hold the instance's queue. */
import { fail } from '../../api/errors.ts';
import { snapshotNameError } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { instanceById } from '../instances/find.ts';
import { type BackupDoc, type InstanceDoc, keys } from '../model.ts';
import { backupsOf, backupUrl, findBackup } from './find.ts';

type Needs = Pick<House, 'documents' | 'backups' | 'events'>;

export function checkBackupName(house: Needs, instance: string, name: string): void {
  const reason = snapshotNameError(name);
  if (reason) fail('backup.name', { reason });
  if (backupsOf(house, instance).some((other) => other.name === name)) fail('backup.exists', { name });
}

export async function renameBackup(house: Needs, instance: string, from: string, to: string): Promise<void> {
  const doc = instanceById(house, instance);
  const backup = findBackup(house, doc, from);
  checkBackupName(house, instance, to);
  await house.documents.put(keys.backup(instance, backup.id), { ...backup, name: to } satisfies BackupDoc);
  tellBackup(house, doc, 'renamed', to, { old_name: backup.name });
}

export async function deleteBackup(house: Needs, instance: string, name: string): Promise<void> {
  const doc = instanceById(house, instance);
  const backup = findBackup(house, doc, name);
  await house.documents.delete(keys.backup(instance, backup.id));
  // What is left after a crash is an orphan that repair clears.
  await house.backups.remove(backup.id);
  tellBackup(house, doc, 'deleted', backup.name);
}

export function tellBackup(
  house: Pick<House, 'events'>,
  doc: InstanceDoc,
  verb: string,
  name: string,
  context?: Record<string, unknown>,
): void {
  house.events.lifecycle(doc.project, {
    action: `instance-backup-${verb}`,
    source: backupUrl(doc, name),
    name: doc.name,
    ...(context ? { context } : {}),
  });
}

/** For the start of the daemon: what was cut off, and files of backups, of volumes too, whose document is gone. */
export async function sweepBackups(house: Pick<House, 'documents' | 'backups'>): Promise<void> {
  await house.backups.sweep();
  const folders = ['backups/', 'volume-backups/'];
  const known = new Set(folders.flatMap((folder) => house.documents.list<{ id: string }>(folder).map(({ id }) => id)));
  for (const id of await house.backups.list()) if (!known.has(id)) await house.backups.remove(id);
}

/** All of an instance that is being deleted. */
export async function removeBackupFiles(house: Pick<House, 'documents' | 'backups'>, instance: string): Promise<void> {
  for (const { id } of backupsOf(house, instance)) await house.backups.remove(id);
}
