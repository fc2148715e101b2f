/** Archives of backups, as the checks of archives speak of them, and the names in them. */
import type { ArchiveSubject } from '../archives/subject.ts';
import { BackupRefused } from '../core/ports/backups.ts';

export const backupArchive: ArchiveSubject = {
  what: 'backup',
  refuse: (reason, message, help) => new BackupRefused(reason, message, help),
};

export const indexName = 'backup/index.yaml';

const snapshotFolders = new Set(['snapshots', 'volume-snapshots', 'virtual-machine-snapshots']);

/** The state that a member belongs to, from its path; undefined for the index and for folders above states. */
export function stateOf(path: string): string | undefined {
  const [top, first, second] = path.split('/', 3);
  if (top !== 'backup' || !first) return undefined;
  if (!snapshotFolders.has(first)) return path === indexName ? undefined : first;
  return second && `${first}/${second}`;
}

const diskName = /^backup\/((?:virtual-machine|volume)(?:-snapshots\/[^/]+)?)\.img$/;

/** The state whose disk a member is. */
export const diskStateOf = (path: string): string | undefined => diskName.exec(path)?.[1];
