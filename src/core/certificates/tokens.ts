/**
 * Trust tokens: an operation of class `token` waits for its client. What the client is given is base64 of a JSON object made
 * from the operation; clients of Incus make it themselves.
 */
import { fail } from '../../api/errors.ts';
import type { CertificatesPost } from '../../api/resources/certificates.ts';
import type { Operation } from '../../api/resources/operations.ts';
import { expiryDate } from '../../lib/duration.ts';
import type { House } from '../house.ts';
import { equalSecrets } from '../operations/channels.ts';
import { serverAddresses } from '../server/addresses.ts';
import { serverConfig } from '../server/config.ts';

type Needs = Pick<House, 'operations' | 'clock' | 'documents' | 'ownCertificate' | 'hostAddresses'>;

/** What the client that shows the token becomes. */
export type TokenRequest = { name: string; restricted: boolean; projects: string[]; description: string };

export function makeToken(house: Needs, wish: TokenRequest, body: CertificatesPost): Operation {
  const expiry = serverConfig(house)['core.remote_token_expiry'];
  const expiresAt = expiry ? expiryDate(expiry, house.clock.now()) : undefined;
  return house.operations.token({
    description: 'Executing operation',
    project: 'default',
    resources: {},
    metadata: {
      addresses: serverAddresses(house),
      ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}),
      fingerprint: house.ownCertificate().fingerprint,
      request: { ...wish, type: body.type || 'client', certificate: '', trust_token: '', token: true },
      secret: house.clock.randomHex(32),
    },
  });
}

type TokenMetadata = { secret?: unknown; expiresAt?: unknown; request?: TokenRequest };

/** Takes the token: it is gone afterwards. Undefined when there is none with this text. */
export function redeemToken(house: Needs, text: string): TokenRequest | undefined {
  const secret = secretOf(text);
  if (secret === undefined) return undefined;
  for (const { id, metadata } of house.operations.tokens()) {
    const known = metadata as TokenMetadata | null;
    if (typeof known?.secret !== 'string' || known.request === undefined) continue;
    if (!('fingerprint' in known) || !equalSecrets(known.secret, secret)) continue;
    house.operations.cancel(id);
    if (typeof known.expiresAt === 'string' && house.clock.now() > new Date(known.expiresAt)) fail('token.expired');
    const { name, restricted, projects, description } = known.request;
    return { name, restricted, projects, description };
  }
  return undefined;
}

function secretOf(text: string): string | undefined {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64').toString()) as { secret?: unknown } | null;
    return typeof token?.secret === 'string' && token.secret !== '' ? token.secret : undefined;
  } catch {
    return undefined;
  }
}
