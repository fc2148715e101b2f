/** Version 1 of HAProxy's PROXY protocol: the line that tells a server whom a connection is from. */
import type { Socket } from 'node:net';

type Ends = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

export function greeting({ remoteAddress, remotePort, localAddress, localPort }: Ends): string {
  if (!remoteAddress || !localAddress) return 'PROXY UNKNOWN\r\n';
  const family = remoteAddress.includes(':') ? 'TCP6' : 'TCP4';
  return `PROXY ${family} ${remoteAddress} ${localAddress} ${remotePort} ${localPort}\r\n`;
}
