/** Uploads: the body of POST /1.0/images that is not JSON, with its X-Incus headers. */
import { splitMultipart } from '../../lib/multipart.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { ReceivedImage } from '../ports/images.ts';
import { type AddNeeds, enterImage, type ImageExtras } from './add.ts';
import { refuseImage } from './refusal.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function header(headers: Headers, name: string): string {
  const value = headers[`x-incus-${name}`] ?? headers[`x-lxd-${name}`] ?? '';
  return Array.isArray(value) ? (value[0] ?? '') : value;
}

export function uploadExtras(headers: Headers): ImageExtras {
  const properties = Object.fromEntries(new URLSearchParams(header(headers, 'properties')));
  const profiles = new URLSearchParams(header(headers, 'profiles')).getAll('profile');
  const aliases = new URLSearchParams(header(headers, 'aliases')).getAll('alias');
  return {
    filename: header(headers, 'filename'),
    public: /^(true|1)$/i.test(header(headers, 'public')),
    autoUpdate: false,
    properties,
    profiles: profiles.length > 0 ? profiles : ['default'],
    expiresAt: '',
    aliases: aliases.map((name) => ({ name, description: '' })),
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
): Promise<ReceivedImage> {
  const expect = header(headers, 'fingerprint');
  const options = { ...(expect ? { expect } : {}), signal };
  const type = String(headers['content-type'] ?? '');
  try {
    if (!type.startsWith('multipart/form-data')) return await house.images.receive({ unified: stream }, options);
    return await splitMultipart(stream, type, (parts) => house.images.receive(parts, options), {
      first: 'metadata',
      second: 'rootfs',
    });
  } catch (error) {
    return refuseImage(error);
  }
}

export async function enterUpload(
  house: AddNeeds,
  project: string,
  received: ReceivedImage,
  headers: Headers,
  task: Task,
): Promise<void> {
  const enter = () => enterImage(house, project, received, uploadExtras(headers), task);
  await performSteps(house, task, [{ name: 'enter the image', do: enter }], undefined);
}
