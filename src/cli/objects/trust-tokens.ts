/** Trust tokens: operations of the server whose metadata the client writes as one word. */
import type { Operation } from '../../api/resources/operations.ts';

/** What Go clients read as "never". */
const zeroTime = '0001-01-01T00:00:00Z';

type TokenMetadata = {
  addresses: string[];
  fingerprint: string;
  secret: string;
  expiresAt?: string;
  request: { name: string };
};

const metadataOf = ({ metadata }: Operation) => metadata as unknown as TokenMetadata;
export const tokenName = (operation: Operation): string => metadataOf(operation).request.name;
export const tokenExpiry = (operation: Operation): string => metadataOf(operation).expiresAt ?? '';

/** Tokens of images have no fingerprint of a server in them. */
export const isTrustToken = (operation: Operation): boolean =>
  operation.class === 'token' && operation.status_code < 200 && metadataOf(operation)?.request?.name !== undefined;

/** As `incus` writes it. */
export function tokenText(operation: Operation): string {
  const { addresses, fingerprint, secret, expiresAt, request } = metadataOf(operation);
  const token = {
    client_name: request.name,
    fingerprint,
    addresses,
    secret,
    expires_at: expiresAt ?? zeroTime,
  };
  return Buffer.from(JSON.stringify(token)).toString('base64');
}
