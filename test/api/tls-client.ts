/** A client over real TLS on loopback, with a key of its own, for the tests of the HTTPS door. */

import { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import { fingerprintOf, makeSelfSigned } from '../../src/lib/self-signed-certificate.ts';

export type TlsReply = { status: number; headers: Record<string, unknown>; json: Record<string, unknown> };
export type TlsClient = Disposable & {
  certificate: string;
  key: string;
  fingerprint: string;
  /** All calls use one connection. */
  call(method: string, path: string, body?: unknown): Promise<TlsReply>;
};

/** `days` from now on; negative ones are over. */
export function tlsClient(
  port: () => number,
  options: { anonymous?: boolean; from?: Date; years?: number } = {},
): TlsClient {
  const from = options.from ?? new Date(Date.now() - 1000);
  const wish = { commonName: 'test client', organization: 'test', hosts: [], from, years: options.years ?? 1 };
  const { certificate, key } = makeSelfSigned(wish);
  const shown = options.anonymous ? {} : { cert: certificate, key };
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ...shown });
  return {
    certificate,
    key,
    fingerprint: fingerprintOf(new X509Certificate(certificate).raw),
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
        const call = request({ agent, host: '127.0.0.1', port: port(), method, path, headers }, async (answer) => {
          let text = '';
          for await (const part of answer) text += part;
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            json: text.startsWith('{') ? JSON.parse(text) : {},
          });
        });
        call.on('error', reject);
        call.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}
