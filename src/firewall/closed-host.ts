/**
 * Keeps guests of an ordinary user away from the host itself. pasta carries their connections as the user's own, from the
 * host's network: without this they would reach what listens on any address of the host but the first. Root's daemon has the
 * same by the rules for packets that come in (host-rules.ts).
 */
import { run } from '../host/run.ts';
import { formatIp, parseIp } from '../lib/ip.ts';
import { createKeyedQueue } from '../lib/keyed-queue.ts';

export type ClosedHostOptions = {
  /** Name of the nftables table. */
  table: string;
  /** Addresses that the host has now. */
  addresses(): readonly string[];
  /** Calls when they may have changed: a laptop moves to another network. */
  watch(listener: () => void): Disposable;
  report(text: string): void;
};

export async function closeHost({ table, addresses, watch, report }: ClosedHostOptions): Promise<Disposable> {
  const alone = createKeyedQueue();
  let closed = '';
  let waiting = false;
  const look = async () => {
    waiting = false;
    const known = addresses();
    const text = closedHostTable(table, known);
    // Without an answer what was closed stays closed.
    if (text === closed || (known.length === 0 && closed !== '')) return;
    await run('nft', ['-f', '-'], { input: text });
    closed = text;
  };
  // Before the first look, so that nothing is missed. Changes come in swarms: one look is for all that came before it.
  const watcher = watch(() => {
    if (waiting) return;
    waiting = true;
    alone('', look).catch((error: unknown) =>
      report(`guests may reach new addresses of this host: ${error instanceof Error ? error.message : error}`),
    );
  });
  try {
    await alone('', look);
    return watcher;
  } catch (error) {
    watcher[Symbol.dispose]();
    throw error;
  }
}

/** Forwarded packets are guests'; the daemon's own downloads are not in their way. */
export function closedHostTable(table: string, addresses: readonly string[]): string {
  const known = addresses.flatMap((text) => parseIp(text) ?? []);
  const set = (name: string, family: 'inet' | 'inet6', type: string) => {
    const elements = known.filter((ip) => ip.family === family).map(formatIp);
    const list = elements.length > 0 ? ` elements = { ${[...new Set(elements)].sort().join(', ')} }` : '';
    return ` set ${name} { type ${type};${list}\n }`;
  };
  return `table inet ${table} {}
delete table inet ${table}
table inet ${table} {
${set('host4', 'inet', 'ipv4_addr')}
${set('host6', 'inet6', 'ipv6_addr')}
 chain forward {
  type filter hook forward priority -10; policy accept;
  ip daddr @host4 reject
  ip6 daddr @host6 reject
 }
}
`;
}
