/** What the ports of a migration refuse, as errors of the catalogue. */
import { fail } from '../../api/errors.ts';
import { MigrationRefused } from '../ports/migration.ts';
import { RemoteRefused } from '../ports/remotes.ts';

export async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MigrationRefused || error instanceof RemoteRefused)
      return fail('migration.failed', { reason: error.message }, error);
    throw error;
  }
}
