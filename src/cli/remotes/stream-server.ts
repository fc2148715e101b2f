/** The images of a simplestreams server, in the form of the API. Loaded only when one is meant. */
import type { Image } from '../../api/resources/images.ts';
import { createHttpsTransport } from '../../client/https-transport.ts';
import { aliasesWithArchitecture, newestFirst } from '../../lib/simplestreams/choose.ts';
import { parseIndex, parseProducts, type StreamImage } from '../../lib/simplestreams/products.ts';
import { textOf } from '../../lib/streams.ts';
import { CliError } from '../cli-error.ts';

const listLimitBytes = 64 * 1024 * 1024;
const zeroTime = '0001-01-01T00:00:00Z';

/** The newest first; only that one has the aliases. */
export async function listStreamImages(url: string): Promise<Image[]> {
  const paths = parseIndex(await readJson(url, 'streams/v1/index.json'));
  const images = await Promise.all(paths.map(async (path) => parseProducts(await readJson(url, path))));
  const taken = new Set<string>();
  return images
    .flat()
    .sort(newestFirst)
    .map((image) => shown(image, taken));
}

async function readJson(server: string, path: string): Promise<unknown> {
  const url = new URL(`${server}/${path}`);
  const transport = createHttpsTransport({ url: url.origin, pinned: undefined, own: undefined });
  const answer = await transport.send({ method: 'GET', path: url.pathname, headers: {}, body: undefined });
  if (answer.statusCode !== 200) throw new CliError(`${server} has no ${path}: it is not an image server`);
  try {
    return JSON.parse(await textOf(answer, listLimitBytes));
  } catch {
    throw new CliError(`${server}: ${path} is not JSON`);
  }
}

function shown(image: StreamImage, taken: Set<string>): Image {
  const names = [...new Set([...image.aliases, ...aliasesWithArchitecture(image)])].filter(
    (name) => !taken.has(`${image.type} ${image.architecture} ${name}`),
  );
  for (const name of names) taken.add(`${image.type} ${image.architecture} ${name}`);
  const createdAt = image.createdAt.toISOString();
  return {
    auto_update: false,
    properties: image.properties,
    public: true,
    expires_at: image.expiresAt?.toISOString() ?? zeroTime,
    profiles: [],
    aliases: names.map((name) => ({ name, description: '' })),
    architecture: image.architecture,
    cached: false,
    filename: image.filename,
    fingerprint: image.fingerprint,
    size: image.sizeBytes,
    type: image.type,
    created_at: createdAt,
    last_used_at: zeroTime,
    uploaded_at: createdAt,
    project: '',
  };
}
