/**
 * Keeps guests of an ordinary user away from the host itself. pasta carries their connections as the user's own, from the
 * host's network: without this they would reach what listens on any address of the host but the first. Root's daemon has the
 * same by the rules for packets that come in (host-rules.ts).
 */
import { run } from '../host/run.ts';
import { formatIp, parseIp } from '../lib/ip.ts';

export type ClosedHostOptions = {
  /** Name of the nftables table. */
  table: string;
  /** Addresses that the host has now. */
  addresses(): readonly string[];
  report(text: string): void;
};

/** A laptop changes its network: how long a new address may stay open. Asking costs a message to the kernel. */
const lookEveryMs = 2000;

export async function closeHost({ table, addresses, report }: ClosedHostOptions): Promise<Disposable> {
  let closed = '';
  const look = async () => {
    const known = addresses();
    const text = closedHostTable(table, known);
    // Without an answer what was closed stays closed.
    if (text === closed || (known.length === 0 && closed !== '')) return;
    await run('nft', ['-f', '-'], { input: text });
    closed = text;
  };
  await look();
  const timer = setInterval(() => {
    look().catch((error: unknown) =>
      report(`guests may reach new addresses of this host: ${error instanceof Error ? error.message : error}`),
    );
  }, lookEveryMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
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
