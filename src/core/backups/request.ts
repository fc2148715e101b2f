/** What requests for backups say and get alike, whether of instances or of volumes. */
import { fail } from '../../api/errors.ts';
import { expiryTime } from '../expiry-time.ts';
import type { House } from '../house.ts';
import { refuseBackup } from './refusal.ts';

/**
 * `lxc` 5.0 takes the whole address out of the operation and asks for it in place of the name:
 * `backups/%2F1.0%2Finstances%2Fweb%2Fbackups%2Fbackup0`.
 */
export function backupNameIn(said: string): string {
  return said.startsWith('/1.0/') ? (said.split('?')[0]?.split('/').at(-1) ?? '') : said;
}

/** When the backup is to be deleted; a time that has passed is refused. */
export function backupExpiry(house: Pick<House, 'clock'>, said: string | null | undefined): string {
  const expiresAt = expiryTime(said);
  if (expiresAt && Date.parse(expiresAt) <= house.clock.now().getTime()) fail('backup.expired');
  return expiresAt;
}

export async function backupFile(house: Pick<House, 'backups'>, id: string) {
  const file = await house.backups.open(id).catch(refuseBackup);
  return {
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(file.sizeBytes),
      'Content-Disposition': 'inline;filename=',
      'Last-Modified': file.modifiedAt.toUTCString(),
    },
    body: file.open(),
  };
}
