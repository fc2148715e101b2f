/** What became of a new size of a screen, as the operation tells it. */
import type { Operation } from '../../api/resources/operations.ts';
import type { Context } from '../context.ts';

/** A machine that does not run has nothing to tell. */
export function tellScreenChange(context: Context, name: string, { metadata }: Operation): void {
  const { asked, shown } = (metadata?.screen ?? {}) as { asked?: string; shown?: string };
  if (asked === undefined || shown === undefined) return;
  context.say(context.texts(asked === shown ? 'screen-followed' : 'screen-told', { name, asked, shown }));
}
