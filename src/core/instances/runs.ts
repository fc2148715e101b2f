/** Whether a guest runs, as others see it. */
import type { House } from '../house.ts';
import { type InstanceDoc, keys } from '../model.ts';

/**
 * For those who do not hold its queue: one that has ended is known for a moment more, until what it left has been cleared away.
 * Whoever saw it stopped may delete it then; its turn comes after that.
 */
export function runs({ documents, runtime }: Pick<House, 'documents' | 'runtime'>, id: string): boolean {
  return runtime.get(id) !== undefined && documents.get<InstanceDoc>(keys.instance(id))?.phase !== 'stopped';
}
