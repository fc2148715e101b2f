/** Remotes of one incus client: servers that listen on loopback and trust it. */
import { type AddressInfo, createServer } from 'node:net';
import type { ForeignClient } from './clients.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Makes the server behind `socket` listen, and adds it to the client as the remote `name`. */
export async function joinServer(client: ForeignClient, name: string, socket: string): Promise<string> {
  const env = { INCUS_SOCKET: socket };
  const address = `127.0.0.1:${await freePort()}`;
  await client.run(['config', 'set', `core.https_address=${address}`], { env });
  const said = await client.run(['config', 'trust', 'add', `for-${name}`], { env });
  const token = said.trim().split('\n').at(-1) ?? '';
  await client.run(['remote', 'add', name, `https://${address}`, '--accept-certificate', '--token', token]);
  return address;
}
