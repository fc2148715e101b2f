/** Finds an image of another server by the protocol of its source; refusals name the server. */
import { fail } from '../../../api/errors.ts';
import { architecturesOf } from '../../../lib/architecture.ts';
import type { House } from '../../house.ts';
import { RemoteRefused } from '../../ports/remotes.ts';
import { allowImageServer } from '../../projects/rules.ts';
import { refuseImage } from '../refusal.ts';
import { imageSettings } from '../settings.ts';
import type { FindNeeds, RemoteImage } from './remote-image.ts';
import { findServerImage } from './server-image.ts';
import type { Protocol, RemoteSource } from './source.ts';
import { findStreamImage } from './stream-image.ts';

type Find = (needs: FindNeeds, source: RemoteSource, signal: AbortSignal) => Promise<RemoteImage>;
type Needs = Pick<House, 'remotes' | 'facts' | 'documents'>;

const finders: Record<Protocol, Find> = {
  incus: findServerImage,
  lxd: findServerImage,
  simplestreams: findStreamImage,
};

export function findRemoteImage(
  house: Needs,
  project: string,
  source: RemoteSource,
  signal: AbortSignal,
): Promise<RemoteImage> {
  allowImageServer(house, project, source.server);
  const { architecture } = imageSettings(house, project);
  const ours = architecturesOf(house.facts.architecture);
  const architectures = architecture ? [architecture, ...ours] : ours;
  const needs = { remotes: house.remotes, facts: house.facts, architectures };
  return finders[source.protocol](needs, source, signal).catch((error: unknown) => refuseRemote(source.server, error));
}

export function refuseRemote(server: string, error: unknown): never {
  if (!(error instanceof RemoteRefused)) return refuseImage(error);
  // A caller who named something that is not there gets to know just that.
  if (error.status === 404) return fail('image.missing', { reason: error.message }, error);
  return fail('image.remote', { server, reason: error.message }, error);
}
