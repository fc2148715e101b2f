/** Refusals of the backups port as errors of the catalogue. */
import { type ErrorCode, fail } from '../../api/errors.ts';
import { BackupRefused } from '../ports/backups.ts';

const codes: Partial<Record<BackupRefused['reason'], ErrorCode>> = {
  'not-found': 'backup.not-found',
  'no-space': 'backup.no-space',
};

export function refuseBackup(error: unknown): never {
  if (!(error instanceof BackupRefused)) throw error;
  const help = error.help ? ` (${error.help})` : '';
  return fail(codes[error.reason] ?? 'backup.invalid', { reason: `${error.message}${help}` }, error);
}
