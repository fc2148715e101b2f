/** Forwards: what is refused, and what the network port gets. */

import { fail } from '../../api/errors.ts';
import type { NetworkForwardPut } from '../../api/resources/network-forwards.ts';
import { contains, formatIp, type Ip, parseIp, parsePrefix } from '../../lib/ip.ts';
import { countPorts, parsePorts } from '../../lib/port-list.ts';
import type { House } from '../house.ts';
import type { ForwardDoc, NetworkDoc } from '../model.ts';
import type { ForwardSpec } from '../ports/network.ts';

type Port = ForwardDoc['ports'][number];

export const forwardsOf = (house: Pick<House, 'documents'>, network: string): ForwardDoc[] =>
  house.documents.list<ForwardDoc>(`forwards/${network}/`);

export function plainPorts(ports: NetworkForwardPut['ports']): Port[] {
  return (ports ?? []).map((port) => ({
    description: port.description ?? '',
    protocol: port.protocol,
    listen_port: port.listen_port,
    target_port: port.target_port ?? '',
    target_address: port.target_address,
  }));
}

/** The address in its shortest form; refused when it is none that the network can forward. */
export function listenAddress(network: NetworkDoc, text: string): string {
  const refuse = (reason: string) => fail('network.forward', { reason: `Invalid listen address "${text}": ${reason}` });
  const ip = parseIp(text) ?? refuse('it is not an IP address');
  // All addresses of the host at once: a forward would take away the host's own ports.
  if (ip.value === 0n) refuse('it is no single address');
  const subnet = subnetOf(network, ip);
  if (!subnet) refuse(`the network has no ${ip.family === 'inet' ? 'IPv4' : 'IPv6'} address`);
  else if (contains(subnet, ip)) refuse('it is an address of the network itself');
  return formatIp(ip);
}

const subnetOf = (network: NetworkDoc, { family }: Ip) =>
  parsePrefix(network.config[family === 'inet' ? 'ipv4.address' : 'ipv6.address'] ?? '');

export function checkForward(network: NetworkDoc, doc: ForwardDoc): void {
  const refuse = (reason: string) => fail('network.forward', { reason });
  for (const key of Object.keys(doc.config))
    if (key !== 'target_address' && !key.startsWith('user.')) refuse(`Invalid option "${key}"`);
  const fallback = doc.config.target_address;
  if (fallback !== undefined) checkTarget(network, doc, fallback, 'Invalid default target address');
  const taken = new Map<string, number>();
  for (const [index, port] of doc.ports.entries()) {
    const where = `port specification ${index}`;
    if (port.protocol !== 'tcp' && port.protocol !== 'udp')
      refuse(`Invalid ${where}: protocol must be one of: tcp, udp`);
    const from = parsePorts(port.listen_port) ?? refuse(`Invalid listen port in ${where}: "${port.listen_port}"`);
    const to = port.target_port === '' ? [] : parsePorts(port.target_port);
    if (!to) refuse(`Invalid target port in ${where}: "${port.target_port}"`);
    else if (countPorts(to) > 1 && countPorts(to) !== countPorts(from))
      refuse(`Invalid ${where}: ${countPorts(from)} listen ports cannot go to ${countPorts(to)} target ports`);
    checkTarget(network, doc, port.target_address, `Invalid target address in ${where}`);
    for (const { from: first, to: last } of from)
      for (let number = first; number <= last; number += 1) {
        const key = `${port.protocol} ${number}`;
        if (taken.has(key)) refuse(`Duplicate listen port ${number} for protocol "${port.protocol}" in ${where}`);
        taken.set(key, index);
      }
  }
}

function checkTarget(network: NetworkDoc, doc: ForwardDoc, text: string, what: string): void {
  const refuse = (reason: string) => fail('network.forward', { reason: `${what}: ${reason}` });
  const ip = parseIp(text) ?? refuse(`"${text}" is not an IP address`);
  if (ip.family !== parseIp(doc.address)?.family) refuse(`${text} is of another family than ${doc.address}`);
  const subnet = subnetOf(network, ip);
  if (!subnet || !contains(subnet, ip)) refuse(`${text} is not in the network ${network.name}`);
  if (network.config[ip.family === 'inet' ? 'ipv4.address' : 'ipv6.address']?.split('/')[0] === text)
    refuse(`${text} is the gateway of the network`);
}

export function forwardSpec(doc: ForwardDoc): ForwardSpec {
  return {
    listen: doc.address,
    ...(doc.config.target_address ? { target: doc.config.target_address } : {}),
    ports: doc.ports.map((port) => ({
      protocol: port.protocol === 'udp' ? 'udp' : 'tcp',
      listenPorts: parsePorts(port.listen_port) ?? [],
      target: port.target_address,
      targetPorts: port.target_port === '' ? [] : (parsePorts(port.target_port) ?? []),
    })),
  };
}
