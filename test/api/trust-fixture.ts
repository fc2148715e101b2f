/** A house with its HTTPS door open on loopback, and tokens as clients make them; the tests of the trust store share it. */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import type { Operation } from '../../src/api/resources/operations.ts';
import type { Life } from './house.ts';
import { type TlsClient, tlsClient } from './tls-client.ts';

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function open(
  life: Life,
): Promise<{ port: number; client(options?: Parameters<typeof tlsClient>[1]): TlsClient }> {
  const port = await freePort();
  const reply = await life.call('PATCH', '/1.0', { config: { 'core.https_address': `127.0.0.1:${port}` } });
  assert.equal(reply.status, 200, reply.text);
  return { port, client: (options) => tlsClient(() => port, options) };
}

export async function token(
  life: Life,
  body: Record<string, unknown> = {},
): Promise<{ text: string; operation: Operation }> {
  const reply = await life.call('POST', '/1.0/certificates', { name: 'laptop', type: 'client', token: true, ...body });
  assert.equal(reply.status, 202, reply.text);
  const operation = reply.json().metadata as unknown as Operation;
  const { secret, fingerprint, addresses, request } = operation.metadata as Record<string, unknown> & {
    request: { name: string };
  };
  const made = { client_name: request.name, fingerprint, addresses, secret, expires_at: '0001-01-01T00:00:00Z' };
  return { operation, text: Buffer.from(JSON.stringify(made)).toString('base64') };
}

/** As incus sends it. */
export const entry = (text: string) => ({
  name: '',
  type: 'client',
  restricted: false,
  projects: null,
  certificate: '',
  description: '',
  trust_token: text,
  token: false,
});

export const errorOf = ({ json }: { json: Record<string, unknown> }) => json.error;
