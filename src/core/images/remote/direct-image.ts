/**
 * `incus image import https://...`: the address answers with headers that name the file and its hash. Only trusted callers
 * get here, and only HTTPS is followed; docs/decisions/008-images-of-others.md says what that means for the daemon's network.
 */
import { Readable } from 'node:stream';
import type { RemoteAddress, RemoteCall } from '../../ports/remotes.ts';
import { RemoteRefused } from '../../ports/remotes.ts';
import { counted, type FindNeeds, type RemoteImage } from './remote-image.ts';

type Place = { remote: RemoteAddress; path: string };

export async function findDirectImage(
  { remotes, facts }: Pick<FindNeeds, 'remotes' | 'facts'>,
  address: string,
  signal: AbortSignal,
): Promise<RemoteImage> {
  const asked = placeOf(address);
  const about = { 'Server-Architectures': facts.architecture, 'Server-Version': facts.version };
  const told = Object.entries(about).flatMap(([name, value]) => [
    [`Incus-${name}`, value],
    [`LXD-${name}`, value],
  ]);
  const call: RemoteCall = { method: 'GET', path: asked.path, headers: Object.fromEntries(told), signal };
  const { headers, body } = await remotes.download(asked.remote, call);
  (body as Readable).destroy?.();
  const header = (name: string) => String(headers[`incus-${name}`] ?? headers[`lxd-${name}`] ?? '');
  const fingerprint = header('image-hash').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(fingerprint)) throw new RemoteRefused(0, 'its answer has no header Incus-Image-Hash');
  const file = placeOf(header('image-url'));
  return {
    fingerprint,
    properties: {},
    filename: decodeSafely(file.path.split('?')[0]?.split('/').at(-1) ?? ''),
    type: 'container',
    sizeBytes: 0,
    createdAt: new Date(0),
    expiresAt: undefined,
    async fetch(images, { progress, signal: until }) {
      const found = await remotes.download(file.remote, { method: 'GET', path: file.path, signal: until });
      const unified = Readable.from(counted(found.body, progress), { objectMode: false });
      return images.receive({ unified }, { expect: fingerprint, signal: until });
    },
  };
}

export const isDirectAddress = (address: string): boolean => {
  const url = URL.parse(address);
  return url?.protocol === 'https:' && url.username === '' && url.password === '';
};

function placeOf(address: string): Place {
  const url = URL.parse(address);
  if (!url || !isDirectAddress(address)) throw new RemoteRefused(0, `"${address}" does not begin with https://`);
  return { remote: { url: url.origin }, path: `${url.pathname}${url.search}` };
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text).replaceAll(/[/\0]/g, '_').slice(0, 255);
  } catch {
    return '';
  }
}
