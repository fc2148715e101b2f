/** Documentation of every config key, in the form of Incus' metadata/configuration. */
import { deviceKeys, nicCommonKeys, nicKindKeys } from '../../api/config-keys/devices.ts';
import { instanceKeys } from '../../api/config-keys/instance.ts';
import type { KeyTable } from '../../api/config-keys/key.ts';
import { networkKeys } from '../../api/config-keys/network.ts';
import { projectKeys } from '../../api/config-keys/project.ts';
import { serverKeys } from '../../api/config-keys/server.ts';

const rows = (table: KeyTable) => ({
  keys: table.map((row) => ({
    [row.key]: {
      type: row.type,
      shortdesc: row.doc,
      longdesc: '',
      defaultdesc: row.default ?? '',
      liveupdate: row.live ? 'yes' : 'no',
      ...(row.values ? { values: row.values } : {}),
    },
  })),
});

/** Keys of an instance are grouped by the word before the first dot. */
function grouped(table: KeyTable): Record<string, unknown> {
  const groups = Object.groupBy(table, (row) => row.key.split('.')[0] ?? '');
  return Object.fromEntries(Object.entries(groups).map(([group, keys]) => [group, rows(keys ?? [])]));
}

/** Each kind of network card has keys of its own. */
function documentedDevices(): Record<string, unknown> {
  const { nic, ...others } = deviceKeys;
  const kinds = Object.entries(nicKindKeys).map(([kind, own]) => {
    const names = `${nicCommonKeys} ${own}`.split(' ');
    return [`nic_${kind}`, rows(nic.filter(({ key }) => names.includes(key)))];
  });
  return {
    ...Object.fromEntries(Object.entries(others).map(([type, table]) => [type, rows(table)])),
    ...Object.fromEntries(kinds),
  };
}

export function documentedConfiguration(): Record<string, unknown> {
  return {
    instance: grouped(instanceKeys),
    server: grouped(serverKeys),
    project: grouped(projectKeys),
    'network-bridge': { common: rows(networkKeys) },
    devices: documentedDevices(),
  };
}
