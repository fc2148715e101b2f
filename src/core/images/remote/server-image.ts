/** Images of Gasthof, Incus and LXD servers: the alias is asked for its fingerprint, that for the image, that for its files. */
import { Readable } from 'node:stream';
import { splitMultipart } from '../../../lib/multipart.ts';
import { plainText } from '../../../lib/plain-text.ts';
import { fieldsOf, textOf } from '../../../lib/simplestreams/json.ts';
import { ImageRefused } from '../../ports/images.ts';
import { type RemoteAddress, RemoteRefused } from '../../ports/remotes.ts';
import { counted, type FindNeeds, type RemoteImage } from './remote-image.ts';
import { addressOf, type RemoteSource } from './source.ts';

export async function findServerImage(
  { remotes }: FindNeeds,
  source: RemoteSource,
  signal: AbortSignal,
): Promise<RemoteImage> {
  const remote = addressOf(source);
  const suffix = querySuffix(source);
  const target = source.secret ? undefined : await aliasTarget({ remotes }, remote, source, signal);
  const path = `/1.0/images/${encodeURIComponent(target ?? source.name)}`;
  const info = fieldsOf(await remotes.call(remote, { method: 'GET', path: `${path}${suffix}`, signal }));
  const fingerprint = textOf(info.fingerprint);
  if (!/^[0-9a-f]{64}$/.test(fingerprint)) throw new RemoteRefused(0, `${source.server} shows an image without a name`);
  const { type: shown } = info;
  return {
    fingerprint,
    properties: Object.fromEntries(
      Object.entries(fieldsOf(info.properties)).map(([key, value]) => [key, plainText(value)]),
    ),
    filename: textOf(info.filename).slice(0, 255),
    type: shown === 'virtual-machine' ? shown : 'container',
    sizeBytes: typeof info.size === 'number' ? info.size : 0,
    createdAt: dateOf(info.created_at) ?? new Date(0),
    expiresAt: dateOf(info.expires_at),
    async fetch(images, { progress, signal: until }) {
      const exported = `/1.0/images/${fingerprint}/export${suffix}`;
      const { headers, body } = await remotes.download(remote, { method: 'GET', path: exported, signal: until });
      const options = { expect: fingerprint, signal: until };
      const type = String(headers['content-type'] ?? '');
      const stream = Readable.from(counted(body, progress), { objectMode: false });
      if (!type.startsWith('multipart/form-data')) return images.receive({ unified: stream }, options);
      return splitMultipart(stream, type, (parts) => images.receive(parts, options), {
        first: 'metadata',
        second: 'rootfs',
      });
    },
  };
}

/** Undefined when there is no such alias: then it is a fingerprint. */
async function aliasTarget(
  { remotes }: Pick<FindNeeds, 'remotes'>,
  remote: RemoteAddress,
  source: RemoteSource,
  signal: AbortSignal,
): Promise<string | undefined> {
  // Servers that have one image for each alias ignore the type.
  const ofType = source.type === 'container' ? {} : { type: source.type };
  const path = `/1.0/images/aliases/${encodeURIComponent(source.name)}${querySuffix(source, ofType)}`;
  try {
    const alias = fieldsOf(await remotes.call(remote, { method: 'GET', path, signal }));
    const type = textOf(alias.type);
    if (type !== '' && type !== source.type)
      throw new ImageRefused('unsupported', `the image "${source.name}" is for a ${type}`);
    return textOf(alias.target) || undefined;
  } catch (error) {
    if (error instanceof RemoteRefused && error.status === 404) return undefined;
    throw error;
  }
}

function querySuffix({ project, secret }: RemoteSource, more: Record<string, string> = {}): string {
  const query = new URLSearchParams(more);
  if (project && project !== 'default') query.set('project', project);
  if (secret) query.set('secret', secret);
  return query.size > 0 ? `?${query}` : '';
}

function dateOf(value: unknown): Date | undefined {
  const date = new Date(textOf(value));
  return Number.isNaN(date.getTime()) || date.getTime() <= 0 ? undefined : date;
}
