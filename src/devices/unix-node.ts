/** `unix-char` and `unix-block`: one device node of the host, or of a number. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import { isTrue } from '../api/config-keys/key.ts';
import type { DeviceConfig, DeviceType } from '../core/ports/devices.ts';
import type { GuestNode } from '../core/ports/engine.ts';
import { lendingRefusal } from '../host/lent-node.ts';
import { askedLooks, modeError, pathError } from './node-keys.ts';

function unixNode(name: 'unix-char' | 'unix-block', kind: 'char' | 'block'): DeviceType {
  return {
    name,
    keys: deviceKeys[name],
    invalid(config) {
      if (!config.source && !config.path)
        return 'Unix device entry is missing the required "source" or "path" property';
      if ((config.major === undefined) !== (config.minor === undefined))
        return 'Both "major" and "minor" must be supplied together';
      for (const key of ['source', 'path'] as const) {
        const reason = config[key] === undefined ? undefined : pathError(config[key]);
        if (reason) return `Invalid value for device option "${key}": ${reason}`;
      }
      return modeError(config);
    },
    unavailable: (config) => lendingRefusal(node(kind, config)),
    parts: (config, device) => [{ id: device, node: node(kind, config) }],
  };
}

function node(kind: 'char' | 'block', config: DeviceConfig): GuestNode {
  const path = config.path ?? config.source ?? '';
  const { major, minor } = config;
  return {
    kind,
    path,
    source: config.source ?? path,
    ...(major !== undefined && minor !== undefined ? { number: { major: Number(major), minor: Number(minor) } } : {}),
    ...askedLooks(config),
    optional: config.required !== undefined && !isTrue(config.required),
  };
}

export const unixChar = unixNode('unix-char', 'char');
export const unixBlock = unixNode('unix-block', 'block');
