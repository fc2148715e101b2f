/** The network cards of a machine as its agent tells them; without an agent, what the host knows of them. */
import type { NicUsage } from '../../core/ports/engine.ts';
import type { Agent } from './agent.ts';

type AgentCard = {
  name: string;
  'hardware-address'?: string;
  'ip-addresses'?: { 'ip-address': string; 'ip-address-type': 'ipv4' | 'ipv6'; prefix: number }[];
  statistics?: Record<string, number>;
};

const loopback = 'lo';

export async function askNics({ ask }: Agent): Promise<NicUsage[]> {
  const cards = (await ask('guest-network-get-interfaces')) as AgentCard[];
  return cards.map((card) => ({
    name: card.name,
    hwaddr: card.name === loopback ? '' : (card['hardware-address'] ?? ''),
    // The agent does not tell these two.
    mtu: 0,
    up: true,
    addresses: (card['ip-addresses'] ?? []).map(({ 'ip-address': address, 'ip-address-type': type, prefix }) => ({
      family: type === 'ipv4' ? 'inet' : 'inet6',
      address,
      prefix,
      scope: card.name === loopback ? 'local' : /^fe[89ab]/i.test(address) ? 'link' : 'global',
    })),
    counters: countersOf(card.statistics ?? {}),
  }));
}

export const silentNics = (cards: readonly { name: string; hwaddr: string }[]): NicUsage[] =>
  cards.map(({ name, hwaddr }) => ({ name, hwaddr, mtu: 0, up: true, addresses: [], counters: countersOf({}) }));

function countersOf(statistics: Record<string, number>): NicUsage['counters'] {
  const at = (name: string) => statistics[name] ?? 0;
  return {
    bytesReceived: at('rx-bytes'),
    bytesSent: at('tx-bytes'),
    packetsReceived: at('rx-packets'),
    packetsSent: at('tx-packets'),
    errorsReceived: at('rx-errs'),
    errorsSent: at('tx-errs'),
    droppedReceived: at('rx-dropped'),
    droppedSent: at('tx-dropped'),
  };
}
