/** What the ports of a migration refuse, as errors of the catalogue. */
import { fail } from '../../api/errors.ts';
import { MigrationRefused, MigrationUnsure } from '../ports/migration.ts';
import { RemoteRefused } from '../ports/remotes.ts';

export async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isTold = [MigrationRefused, MigrationUnsure, RemoteRefused].some((kind) => error instanceof kind);
    if (isTold && error instanceof Error) return fail('migration.failed', { reason: error.message }, error);
    throw error;
  }
}
