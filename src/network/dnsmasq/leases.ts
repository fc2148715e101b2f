/** dnsmasq's lease file: IPv4 lines, then `duid ...`, then IPv6 lines. Pure text. */
import { parseIp } from '../../lib/ip.ts';

export type DnsmasqLease = { address: string; hostname: string | undefined; hwaddr: string | undefined };

export function parseLeases(text: string): DnsmasqLease[] {
  return text.split('\n').flatMap((line) => {
    const [expiry = '', identity = '', address = '', hostname = ''] = line.split(' ');
    if (!/^\d+$/.test(expiry) || !parseIp(address)) return [];
    // IPv6 leases are kept by DUID and identity association, not by MAC.
    const hwaddr = address.includes(':') ? undefined : identity;
    return [{ address, hostname: hostname === '*' ? undefined : hostname, hwaddr }];
  });
}

/** The file without the leases of these addresses. */
export function withoutLeases(text: string, addresses: ReadonlySet<string>): string {
  return text
    .split('\n')
    .filter((line) => !addresses.has(line.split(' ')[2] ?? ''))
    .join('\n');
}
