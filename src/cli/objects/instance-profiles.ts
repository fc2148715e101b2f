/** The list of profiles of a guest: read, change, write. */
import type { Context } from '../context.ts';
import { instance } from './editable.ts';

export async function changeProfiles(
  context: Context,
  name: string,
  change: (profiles: string[]) => string[],
): Promise<void> {
  const target = instance(name);
  const { value, etag } = await target.read(context);
  await target.write(context, { ...value, profiles: change(value.profiles as string[]) }, etag);
}
