/**
 * Tokens that let somebody without trust at one image: to read it (`POST /1.0/images/F/secret`), or to send it (a copy in push
 * mode). Each is good for one transfer and ends with the daemon.
 */
import type { Operation } from '../../api/resources/operations.ts';
import type { House } from '../house.ts';
import { equalSecrets } from '../operations/channels.ts';
import { imageUrl } from './view.ts';

type Needs = Pick<House, 'operations' | 'clock'>;

export function createImageToken(
  house: Needs,
  project: string,
  fingerprint: string,
  metadata: Record<string, unknown> = {},
): Operation {
  return house.operations.token({
    description: 'Image download token',
    project,
    resources: { images: [imageUrl(fingerprint, project)] },
    metadata: { ...metadata, secret: house.clock.randomHex(32) },
  });
}

/** The token that lets its holder read this image, while it is good. */
export function findReadToken(
  house: Needs,
  project: string,
  fingerprint: string,
  secret: string,
): Operation | undefined {
  const token = findToken(house, secret);
  return !token?.metadata?.aliases && token?.resources.images?.includes(imageUrl(fingerprint, project))
    ? token
    : undefined;
}

/** The token of an image that is to be pushed; clients may have named it by its alias on the other server. */
export function findPushToken(
  house: Needs,
  project: string,
  fingerprint: string,
  secret: string,
): Operation | undefined {
  const token = findToken(house, secret);
  const [url = ''] = token?.resources.images ?? [];
  const promised = /^\/1\.0\/images\/([^?]+)/.exec(url)?.[1] ?? '';
  const fits = promised === fingerprint || !/^[0-9a-f]{64}$/.test(promised);
  return fits && token?.metadata?.aliases && url === imageUrl(promised, project) ? token : undefined;
}

function findToken(house: Needs, secret: string): Operation | undefined {
  if (secret === '') return undefined;
  return house.operations.tokens().find(({ metadata }) => equalSecrets(String(metadata?.secret ?? ''), secret));
}
