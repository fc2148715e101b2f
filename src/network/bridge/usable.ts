/** Whether this host can carry managed networks: the programs, and the kernel's parts tried in a scratch namespace. */
import { guestTable } from '../../firewall/guest-filter.ts';
import { hostTable } from '../../firewall/host-rules.ts';
import { run } from '../../host/run.ts';

const sampleNic = {
  link: 'probe0',
  hwaddr: '02:00:00:00:00:01',
  ipv4: '10.0.0.2',
  ipv6: 'fd00::2',
  filters: { mac: true, ipv4: true, ipv6: true },
};
const sampleNetwork = {
  link: 'probe1',
  ipv4: { address: '10.0.0.1', prefix: 24, nat: true },
  ipv6: { address: 'fd00::1', prefix: 64, nat: true },
};

/** What is missing, or undefined. */
export async function whatIsMissing(): Promise<string | undefined> {
  const rules = guestTable('gasthof_probe', [sampleNic]) + hostTable('gasthof_probe', [sampleNetwork]);
  const trials = [
    { what: 'the program nft (package nftables)', file: 'nft', args: ['--version'] },
    { what: 'the program dnsmasq (package dnsmasq-base)', file: 'dnsmasq', args: ['--version'] },
    { what: 'bridges in the kernel', file: 'unshare', args: ['--net', 'ip', 'link', 'add', 'type', 'bridge'] },
    { what: 'veth pairs in the kernel', file: 'unshare', args: ['--net', 'ip', 'link', 'add', 'type', 'veth'] },
    { what: 'nftables features in the kernel', file: 'unshare', args: ['--net', 'nft', '-f', '-'], input: rules },
  ];
  for (const { what, file, args, input } of trials) {
    try {
      await run(file, args, input === undefined ? {} : { input });
    } catch (error) {
      return `managed networks lack ${what}: ${(error as Error).message}`;
    }
  }
  return undefined;
}
