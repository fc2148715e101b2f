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

/** The token that this secret belongs to, while it is good. */
export function findImageToken(
  house: Needs,
  project: string,
  fingerprint: string,
  secret: string,
): Operation | undefined {
  if (secret === '') return undefined;
  return house.operations
    .tokens()
    .find(
      ({ resources, metadata }) =>
        resources.images?.includes(imageUrl(fingerprint, project)) &&
        equalSecrets(String(metadata?.secret ?? ''), secret),
    );
}
