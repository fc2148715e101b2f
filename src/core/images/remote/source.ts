/** Where an image of another server is, as requests say it and as it is kept for updates. */
import { fail } from '../../../api/errors.ts';
import type { UpdateSource } from '../../model.ts';
import type { RemoteAddress } from '../../ports/remotes.ts';

export type Protocol = 'incus' | 'lxd' | 'simplestreams';
export type RemoteSource = {
  protocol: Protocol;
  /** As given: `https://host:8443`, for image servers perhaps with a path. */
  server: string;
  /** PEM text; without it the host's authorities decide. */
  certificate: string;
  /** An alias or (a beginning of) a fingerprint. */
  name: string;
  /** Reads an image that is not public. */
  secret: string;
  project: string;
  type: 'container' | 'virtual-machine';
};

type Asked = {
  server?: string | null;
  protocol?: string | null;
  certificate?: string | null;
  alias?: string | null;
  fingerprint?: string | null;
  secret?: string | null;
  project?: string | null;
  image_type?: string | null;
};

const protocols: Record<string, Protocol> = { '': 'incus', incus: 'incus', lxd: 'lxd', simplestreams: 'simplestreams' };

/** Clients put aliases into `fingerprint` too. */
export function remoteSource(asked: Asked, type?: string): RemoteSource {
  const wanted = asked.image_type || type || 'container';
  const protocol = protocols[asked.protocol ?? ''];
  if (!protocol) return refuse(`the protocol "${asked.protocol}" is not one of incus, lxd, simplestreams`);
  if (wanted !== 'container' && wanted !== 'virtual-machine') return refuse(`"${wanted}" is no type of an image`);
  const name = asked.alias || asked.fingerprint;
  if (!name) return refuse('an image needs an alias or a fingerprint');
  const source: RemoteSource = {
    protocol,
    server: asked.server ?? '',
    certificate: asked.certificate ?? '',
    name,
    secret: asked.secret ?? '',
    project: asked.project ?? '',
    type: wanted,
  };
  addressOf(source);
  return source;
}

function refuse(reason: string): never {
  return fail('image.source', { reason });
}

/** The server without the path of its address, and that path (without a slash at its end). */
export function addressOf({ server, certificate }: Pick<RemoteSource, 'server' | 'certificate'>): RemoteAddress & {
  folder: string;
} {
  const url = URL.parse(server);
  if (url?.protocol !== 'https:') return refuse(`"${server}" is not an address that begins with https://`);
  if (url.username || url.password || url.search || url.hash) return refuse(`"${server}" has more than host and path`);
  return { url: url.origin, certificate: certificate || undefined, folder: url.pathname.replace(/\/+$/, '') };
}

/** An image that was asked for by its fingerprint never changes. */
export function updateSourceOf(source: RemoteSource, fingerprint: string): UpdateSource | undefined {
  if (fingerprint.startsWith(source.name)) return undefined;
  const { name: alias, certificate, protocol, server, type } = source;
  return { alias, certificate, protocol, server, imageType: type };
}

export const sourceOfUpdate = (from: UpdateSource): RemoteSource =>
  remoteSource({ ...from, image_type: from.imageType });
