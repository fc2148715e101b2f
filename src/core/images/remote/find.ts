/** Finds an image of another server by the protocol of its source; refusals name the server. */
import { fail } from '../../../api/errors.ts';
import { RemoteRefused } from '../../ports/remotes.ts';
import { refuseImage } from '../refusal.ts';
import type { FindNeeds, RemoteImage } from './remote-image.ts';
import { findServerImage } from './server-image.ts';
import type { Protocol, RemoteSource } from './source.ts';
import { findStreamImage } from './stream-image.ts';

type Find = (needs: FindNeeds, source: RemoteSource, signal: AbortSignal) => Promise<RemoteImage>;

const finders: Record<Protocol, Find> = {
  incus: findServerImage,
  lxd: findServerImage,
  simplestreams: findStreamImage,
};

export function findRemoteImage(needs: FindNeeds, source: RemoteSource, signal: AbortSignal): Promise<RemoteImage> {
  return finders[source.protocol](needs, source, signal).catch((error: unknown) => refuseRemote(source.server, error));
}

export function refuseRemote(server: string, error: unknown): never {
  if (!(error instanceof RemoteRefused)) return refuseImage(error);
  // A caller who named something that is not there gets to know just that.
  if (error.status === 404) return fail('image.remote-missing', { reason: error.message }, error);
  return fail('image.remote', { server, reason: error.message }, error);
}
