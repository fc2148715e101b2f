/** The error of an opening that was refused: which file, what was found, and the way out. */
import { HostError } from '../../lib/host-error.ts';
import { goodBackups } from './backups.ts';
import { StateDamage } from './state-file.ts';

const restoreCommand = 'gasthofd --restore-state';

/** A finding about the state as a whole; `acceptable` when the file itself is sound and only too old. */
export function damageReport(path: string, finding: string, options: { acceptable?: boolean; cause?: unknown } = {}) {
  const kind = options.cause instanceof StateDamage ? options.cause.kind : undefined;
  if (kind === 'unreachable')
    return new HostError(`the state file ${path} ${finding}; nothing was changed`, {
      cause: options.cause,
      help: 'is the file system full or read-only, or the file not readable? see: df, ls -l; then start again',
    });
  const ways = [
    ...(kind === 'newer' ? ['install the newer Gasthof again'] : []),
    ...(options.acceptable ? [`to go on with exactly this state: ${restoreCommand} ${path}`] : []),
    ...backupWay(path),
  ];
  return new HostError(`the state file ${path} ${finding}; nothing was changed`, {
    help: ways.join('; or '),
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}

function backupWay(path: string): string[] {
  const [newest, ...others] = goodBackups(path);
  if (!newest)
    return [
      `there is no good backup beside it: bring one from elsewhere with ${restoreCommand} FILE, ` +
        `or move all files ${path}* away to start with an empty state`,
    ];
  const { revision, documents } = newest.summary;
  const older = others.length > 0 ? ` (older ones: ${others.map((backup) => backup.path).join(', ')})` : '';
  return [
    `to restore the backup of ${newest.writtenAt.toISOString()} with ${documents} documents at revision ${revision}: ` +
      `${restoreCommand} ${newest.path}${older}`,
  ];
}
