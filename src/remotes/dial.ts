/** Connections to other servers, and what is said when there is none. */
import type { TLSSocket } from 'node:tls';
import { connectSecurely, type SecureTarget } from '../client/secure-connection.ts';
import type { OwnCertificate } from '../core/ports/own-certificate.ts';
import { RemoteRefused } from '../core/ports/remotes.ts';

export { reasonOf } from '../client/secure-connection.ts';

export type Dialled = Omit<SecureTarget, 'own' | 'anybody'> & { own: OwnCertificate | undefined };

export async function dial(to: Dialled): Promise<TLSSocket> {
  try {
    return await connectSecurely(to);
  } catch (error) {
    if (to.signal?.aborted) throw to.signal.reason;
    throw unreachable(to.url, (error as Error).message, error);
  }
}

export function unreachable(url: URL, reason: string, cause?: unknown): RemoteRefused {
  return new RemoteRefused(0, `cannot reach ${url.origin}: ${reason}`, cause);
}
