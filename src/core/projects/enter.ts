/** The queue in which projects come and go, and what has to wait in it: nothing comes into a project that goes. */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import type { Change } from '../ports/store.ts';
import { lookUpProject } from './features.ts';

/** Instances take their names in it, too. Whoever holds another queue takes this one last. */
export const projectQueue = 'allocate';

/** Commits what belongs to `project`. Refused when the project has gone while the work for it went on. */
export async function enterProject(
  house: Pick<House, 'documents' | 'queue'>,
  project: string,
  changes: readonly Change[],
): Promise<void> {
  if (project === 'default') return house.documents.commit(changes);
  await house.queue(projectQueue, async () => {
    if (!lookUpProject(house, project)) fail('project.not-found', { name: project });
    await house.documents.commit(changes);
  });
}
