/** Aliases of images: who has them, and taking them away for a newer image. */
import type { ImageAliasesEntry } from '../../api/resources/images.ts';
import type { Context } from '../context.ts';

export async function fetchAliases(context: Context): Promise<ImageAliasesEntry[]> {
  return (await context.client.call('GET /1.0/images/aliases', { query: { recursion: '1' } })) as ImageAliasesEntry[];
}

/** `--reuse`: the older image stays, without these names. */
export async function releaseAliases(context: Context, names: readonly string[], type: string): Promise<void> {
  const taken = (await fetchAliases(context)).filter((alias) => names.includes(alias.name) && alias.type === type);
  for (const { name } of taken)
    await context.client.call('DELETE /1.0/images/aliases/{name}', { params: { name }, query: { type } });
}

/** Afterwards each alias names this image, whether it was there before or not. */
export async function pointAliases(context: Context, names: readonly string[], fingerprint: string): Promise<void> {
  if (names.length === 0) return;
  const known = await fetchAliases(context);
  for (const name of names) {
    if (known.some((alias) => alias.name === name && alias.target === fingerprint)) continue;
    await context.client.call('POST /1.0/images/aliases', { body: { name, target: fingerprint } });
  }
}
