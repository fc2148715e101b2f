/** The client for a server on the network. Loaded only when one is meant: TLS and the key cost time. */
import { type Client, type ClientOptions, createClient } from '../../client/client.ts';
import { createHttpsTransport } from '../../client/https-transport.ts';
import { clientCertificate } from './client-certificate.ts';
import { type Remote, readPin } from './remotes-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export function connectRemote(
  env: Environment,
  name: string,
  remote: Remote,
  options: Omit<ClientOptions, 'socketPath' | 'transport'>,
): Client {
  const own = remote.public ? undefined : clientCertificate(env);
  const transport = createHttpsTransport({ url: remote.url, pinned: readPin(env, name), own });
  return createClient({ ...options, socketPath: remote.url, transport });
}
