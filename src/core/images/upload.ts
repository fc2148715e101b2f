/** Uploads: the body of POST /1.0/images that is not JSON, with its X-Incus (or X-LXD) headers. */
import { fail } from '../../api/errors.ts';
import type { Identity } from '../../api/handlers.ts';
import type { Operation } from '../../api/resources/operations.ts';
import { splitMultipart } from '../../lib/multipart.ts';
import { fieldsOf, textOf } from '../../lib/simplestreams/json.ts';
import { expiryTime } from '../expiry-time.ts';
import type { House } from '../house.ts';
import { plainConfig } from '../instances/config.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { ReceivedImage } from '../ports/images.ts';
import { type AddNeeds, enterImage, type ImageExtras } from './add.ts';
import { refuseImage } from './refusal.ts';
import { findPushToken } from './secrets.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function header(headers: Headers, name: string): string {
  const value = headers[`x-incus-${name}`] ?? headers[`x-lxd-${name}`] ?? '';
  return Array.isArray(value) ? (value[0] ?? '') : value;
}

/**
 * The token that a push needs, undefined for an ordinary upload by a trusted caller. A token is good for one upload: that
 * begins here.
 */
export function takeUploadToken(
  house: Pick<House, 'operations' | 'clock'>,
  project: string,
  headers: Headers,
  identity: Pick<Identity, 'trusted'>,
): Operation | undefined {
  const secret = header(headers, 'secret');
  const token = findPushToken(house, project, header(headers, 'fingerprint'), secret);
  if (!token && (secret !== '' || !identity.trusted)) return fail('request.forbidden');
  if (token) house.operations.cancel(token.id);
  return token;
}

export function uploadExtras(headers: Headers, token: Operation | undefined): ImageExtras {
  const properties = Object.fromEntries(new URLSearchParams(header(headers, 'properties')));
  const profiles = new URLSearchParams(header(headers, 'profiles')).getAll('profile');
  const aliases = new URLSearchParams(header(headers, 'aliases')).getAll('alias');
  const extras: ImageExtras = {
    filename: header(headers, 'filename'),
    public: /^(true|1)$/i.test(header(headers, 'public')),
    autoUpdate: false,
    properties,
    profiles: profiles.length > 0 ? profiles : ['default'],
    expiresAt: '',
    aliases: aliases.map((name) => ({ name, description: '' })),
  };
  return token ? { ...extras, ...promised(token) } : extras;
}

/** What was said of the image when the token was made; who uploads is not trusted to say it. */
function promised({ metadata }: Operation): Partial<ImageExtras> {
  const { aliases, properties, profiles, expires_at, public: open } = metadata ?? {};
  const listed = (value: unknown) => (Array.isArray(value) ? value : []);
  return {
    public: open === true,
    properties: plainConfig(fieldsOf(properties) as Record<string, string>),
    expiresAt: expiryTime(textOf(expires_at)),
    aliases: listed(aliases).map((one) => ({
      name: textOf(fieldsOf(one).name),
      description: textOf(fieldsOf(one).description),
    })),
    ...(Array.isArray(profiles) ? { profiles: profiles.map(String) } : {}),
  };
}

/**
 * Receives while the request is still open: the caller answers with the operation only when all bytes are here, so that
 * the client's connection is not cut under it.
 */
export async function receiveUpload(
  house: AddNeeds,
  headers: Headers,
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<{ received: ReceivedImage; filename: string }> {
  const expect = header(headers, 'fingerprint');
  const options = { ...(expect ? { expect } : {}), signal };
  const type = String(headers['content-type'] ?? '');
  try {
    if (!type.startsWith('multipart/form-data')) {
      const received = await house.images.receive({ unified: stream }, options);
      return { received, filename: header(headers, 'filename') };
    }
    // An image of two files is known by the name of the larger one.
    let filename = '';
    const received = await splitMultipart(stream, type, (parts) => house.images.receive(parts, options), {
      first: 'metadata',
      second: 'rootfs',
      onFilename: (_part, name) => {
        filename = (name.split('/').at(-1) ?? '').slice(0, 255);
      },
    });
    return { received, filename: filename || header(headers, 'filename') };
  } catch (error) {
    return refuseImage(error);
  }
}

export async function enterUpload(
  house: AddNeeds,
  project: string,
  received: ReceivedImage,
  extras: ImageExtras,
  task: Task,
): Promise<void> {
  const enter = () => enterImage(house, project, received, extras, task);
  await performSteps(house, task, [{ name: 'enter the image', do: enter }], undefined);
}
