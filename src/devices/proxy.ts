/** `proxy`: connections that are carried between the host and the guest. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import { isTrue } from '../api/config-keys/key.ts';
import type { DeviceConfig, DeviceType, Forward } from '../core/ports/devices.ts';
import { ownNamespaces } from '../host/own-namespaces.ts';
import { parseIp } from '../lib/ip.ts';
import { pairError, parseProxyAddress } from '../lib/proxy-address.ts';
import { modeError, parseMode } from './node-keys.ts';

export const proxy: DeviceType = {
  name: 'proxy',
  keys: deviceKeys.proxy,
  invalid(config) {
    for (const key of ['listen', 'connect'] as const)
      if (!config[key]) return `Required device option "${key}" is missing`;
    const [listen, connect] = [parseProxyAddress(config.listen ?? ''), parseProxyAddress(config.connect ?? '')];
    if (typeof listen === 'string') return `Invalid value for device option "listen": ${listen}`;
    if (typeof connect === 'string') return `Invalid value for device option "connect": ${connect}`;
    return pairError(listen, connect) ?? modeError(config) ?? combinationError(config, listen, connect);
  },
  inMachine(config) {
    // Without the host's tables the relay would carry it, from the network namespace of a guest: a machine's is empty.
    if (ownNamespaces()) return 'only root has the address translation that proxies to virtual machines need';
    return isTrue(config.nat)
      ? { kind: 'elsewhere' }
      : 'Only NAT mode is supported for proxies on VM instances (nat=true, to a card with a fixed address)';
  },
  forward(config) {
    const [listen, connect] = [parseProxyAddress(config.listen ?? ''), parseProxyAddress(config.connect ?? '')];
    if (typeof listen === 'string' || typeof connect === 'string') return undefined;
    const { uid, gid } = config;
    const [asUid, asGid] = [config['security.uid'], config['security.gid']];
    return {
      side: isHost(config) ? 'host' : 'guest',
      listen,
      connect,
      proxyProtocol: isTrue(config.proxy_protocol),
      socket: { uid: Number(uid ?? 0), gid: Number(gid ?? 0), mode: parseMode(config, 0o644) },
      ...(asUid || asGid ? { connectAs: { uid: Number(asUid ?? 0), gid: Number(asGid ?? 0) } } : {}),
      translated: isTrue(config.nat),
    };
  },
};

const isHost = ({ bind }: DeviceConfig) => bind === undefined || bind === 'host';

function combinationError(
  config: DeviceConfig,
  listen: Forward['listen'],
  connect: Forward['connect'],
): string | undefined {
  const listensOnPath = listen.kind === 'unix' && !listen.abstract;
  for (const key of ['uid', 'gid', 'mode'] as const)
    if (config[key] !== undefined && !listensOnPath)
      return `Only proxy devices for non-abstract unix sockets can carry uid, gid, or mode properties`;
  if (isTrue(config.proxy_protocol) && (connect.kind !== 'tcp' || isTrue(config.nat)))
    return 'The PROXY header can only be sent to tcp servers in non-nat mode';
  if (!isTrue(config.nat)) return undefined;
  if (!isHost(config)) return 'Only host-bound proxies can use NAT';
  if (listen.kind === 'unix' || listen.kind !== connect.kind)
    return `Proxying ${listen.kind} <-> ${connect.kind} is not supported when using NAT`;
  if (listen.host === '0.0.0.0' || listen.host === '::')
    return `Cannot listen on wildcard address "${listen.host}" when in nat mode`;
  const target = parseIp(connect.host);
  if (target?.family !== parseIp(listen.host)?.family)
    return 'Cannot mix IP versions between listen and connect in nat mode';
  return undefined;
}
