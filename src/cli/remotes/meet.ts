/** First contact with a server: what a trust token says of it, and the certificate that it shows. */
import { connectSecurely } from '../../client/secure-connection.ts';
import { fingerprintOf } from '../../lib/self-signed-certificate.ts';
import { CliError } from '../cli-error.ts';

export type Token = { name: string; addresses: string[]; fingerprint: string };
export type Met = { url: string; certificate: string; fingerprint: string; vouchedFor: boolean };

const timeoutMs = 10_000;
const defaultPort = 8443;

/** Undefined for what is no token. */
export function readToken(text: string): Token | undefined {
  try {
    const value = JSON.parse(Buffer.from(text, 'base64').toString()) as Record<string, unknown> | null;
    const { client_name: name, addresses, fingerprint, secret } = value ?? {};
    if (!Array.isArray(addresses) || typeof fingerprint !== 'string' || typeof secret !== 'string') return undefined;
    return { name: String(name ?? ''), addresses: addresses.map(String), fingerprint };
  } catch {
    return undefined;
  }
}

/** `host`, `host:port`, `[::1]:8443` or a whole URL become `https://host:port`. */
export function serverUrl(address: string): string {
  const bare = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) ? `[${address}]` : address;
  const url = URL.parse(bare.includes('://') ? bare : `https://${bare}`);
  const hasPort = /:\d+\/?$/.test(bare);
  if (url?.protocol !== 'https:' || url.hostname === '')
    throw new CliError(`"${address}" is no address of a server`, {
      help: 'give a host, host:port or https://host:port',
    });
  return `https://${url.hostname}:${url.port || (hasPort ? 443 : defaultPort)}`;
}

/** The first of the addresses that answers. */
export async function meetServer(addresses: readonly string[]): Promise<Met> {
  const reasons: string[] = [];
  for (const address of addresses) {
    const url = serverUrl(address);
    try {
      const socket = await connectSecurely({
        url: new URL(url),
        pinned: undefined,
        own: undefined,
        timeoutMs,
        anybody: true,
      });
      const shown = socket.getPeerX509Certificate();
      const vouchedFor = socket.authorized;
      socket.destroy();
      if (shown) return { url, certificate: shown.toString(), fingerprint: fingerprintOf(shown.raw), vouchedFor };
      reasons.push(`${url}: it shows no certificate`);
    } catch (error) {
      reasons.push(`${url}: ${(error as Error).message}`);
    }
  }
  throw new CliError(`Cannot reach the server: ${reasons.join('; ') || 'the token names no address'}`, {
    help: 'on the server: gast config set core.https_address :8443',
  });
}
