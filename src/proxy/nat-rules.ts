/** Proxies by address translation: the rules of a table of their own, which is replaced as a whole. Pure text. */
import type { ProxySpec } from '../core/ports/proxies.ts';
import { HostError } from '../lib/host-error.ts';
import { formatIp, parseIp } from '../lib/ip.ts';

export function natTable(table: string, proxies: readonly ProxySpec[]): string {
  const forget = `table inet ${table} {}\ndelete table inet ${table}\n`;
  if (proxies.length === 0) return forget;
  const rules = proxies.flatMap(natRules);
  return `${forget}table inet ${table} {
 chain prerouting {
  type nat hook prerouting priority -100; policy accept;
  ${rules.map(({ rule }) => rule).join('\n  ')}
 }
 chain output {
  type nat hook output priority -100; policy accept;
  ${rules.map(({ rule }) => rule).join('\n  ')}
 }
 chain postrouting {
  type nat hook postrouting priority 100; policy accept;
  ${[...new Set(rules.map(({ back }) => back))].join('\n  ')}
 }
}
`;
}

/** Every address and port has been parsed before: nothing else gets into a rule. */
function natRules(spec: ProxySpec): { rule: string; back: string }[] {
  const { listen, connect, nat } = spec;
  if (listen.kind === 'unix' || connect.kind === 'unix') return [];
  const from = parseIp(listen.host);
  const isAny = connect.host === '0.0.0.0' || connect.host === '::';
  const to = parseIp((isAny ? (from?.family === 'inet' ? nat?.ipv4 : nat?.ipv6) : connect.host) ?? '');
  if (!from || !to || from.family !== to.family)
    throw new HostError(`the guest has no address that ${listen.host} could be translated to`);
  const [word, target] = from.family === 'inet' ? ['ip', formatIp(to)] : ['ip6', `[${formatIp(to)}]`];
  return listen.ports.map((port, index) => ({
    rule: `${word} daddr ${formatIp(from)} ${listen.kind} dport ${port} dnat ${word} to ${target}:${connect.ports[connect.ports.length === 1 ? 0 : index]}`,
    back: `${word} saddr ${formatIp(to)} ${word} daddr ${formatIp(to)} masquerade`,
  }));
}
