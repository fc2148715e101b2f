/** What the API says of any link, a guest's card or a bridge of the host: addresses and traffic. */
import type { LinkState } from '../ports/network.ts';

export const addressViews = (addresses: LinkState['addresses']) =>
  addresses.map(({ family, address, prefix, scope }) => ({ family, address, netmask: String(prefix), scope }));

export const trafficView = (counters: LinkState['counters']) => ({
  bytes_received: counters.bytesReceived,
  bytes_sent: counters.bytesSent,
  packets_received: counters.packetsReceived,
  packets_sent: counters.packetsSent,
});
