/** Addresses of proxies, as users write them: `tcp:127.0.0.1:80-90,443`, `udp:[::]:53`, `unix:/run/x.sock`, `unix:@name`. Pure. */
import { parseIp } from './ip.ts';

export type ProxyAddress =
  | { kind: 'tcp' | 'udp'; host: string; ports: number[] }
  /** Without the `@` of an abstract name. */
  | { kind: 'unix'; path: string; abstract: boolean };

const portsAtMost = 1024;

/** A text instead of an address says what is wrong with it. */
export function parseProxyAddress(text: string): ProxyAddress | string {
  const [, kind, rest = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  if (kind === 'unix') return unixAddress(rest);
  if (kind !== 'tcp' && kind !== 'udp') return `Unknown connection type "${kind ?? text}"`;
  const [, bracketed, plain, list = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(.*)$/.exec(rest) ?? [];
  const host = bracketed ?? plain ?? '';
  if (!parseIp(host)) return `Invalid proxy address "${text}": not an IP address "${host}"`;
  const ports = parsePorts(list);
  return ports ? { kind, host, ports } : `Invalid port range in "${text}"`;
}

function unixAddress(path: string): ProxyAddress | string {
  const abstract = path.startsWith('@');
  const name = abstract ? path.slice(1) : path;
  if (!abstract && !path.startsWith('/')) return `the path "${path}" of a Unix socket is not absolute`;
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > 100 || path.split('/').includes('..'))
    return `"${path}" is no path of a Unix socket`;
  return { kind: 'unix', path: name, abstract };
}

function parsePorts(list: string): number[] | undefined {
  const ports: number[] = [];
  for (const part of list.split(',')) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(from >= 1 && to >= from && to <= 65_535) || ports.length + to - from + 1 > portsAtMost) return undefined;
    for (let port = from; port <= to; port++) ports.push(port);
  }
  return ports;
}

/** Why traffic cannot go from one to the other, undefined when it can. */
export function pairError(listen: ProxyAddress, connect: ProxyAddress): string | undefined {
  if ((listen.kind === 'udp') !== (connect.kind === 'udp'))
    return `Proxying ${listen.kind} <-> ${connect.kind} is not supported`;
  const [from, to] = [portCount(listen), portCount(connect)];
  return to === 1 || from === to ? undefined : 'Mismatch between listen port(s) and connect port(s) count';
}

const portCount = (address: ProxyAddress) => (address.kind === 'unix' ? 1 : address.ports.length);
