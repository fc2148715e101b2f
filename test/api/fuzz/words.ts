/** What random requests are made of: names that are there, odd ones, values that often fit. */
export const texts: readonly string[] = [
  ...['web', 'stopped', 'new', 'default', 'base', 's0', 'b0', 'data', 'attached', 'walls', 'gastbr0', 'net1', 'lo'],
  ...['eth0', 'root', 'memory', '', '..', '/', 'shop', 'tcp', 'allow', 'client', 'custom', 'filesystem', 'block'],
  ...['\u0000', '\u202e', 'a'.repeat(300), '💥', '\ud800', '__proto__', 'constructor', 'toString', '%2e%2e'],
  ...["'; drop", '-1', 'true', '0', '1', '10%', '1GiB', '0-1', '80', '10.77.0.9/24', '10.77.0.7', '198.51.100.7'],
  ...['fd77::9', 'auto', 'none', 'nan', 'image', 'copy', 'migration', 'start', 'stop', 'restart', 'freeze', 'unfreeze'],
  ...['disk', 'nic', 'proxy', 'bridge', 'gzip', '2031-01-01T00:00:00Z', 'https://192.0.2.1:8443/1.0/operations/x'],
];

export const configKeys: readonly string[] = [
  ...['limits.cpu', 'limits.memory', 'user.x', 'boot.autostart', 'volatile.eth0.hwaddr', 'ipv4.address', 'nosuch'],
  ...[
    'size',
    'snapshots.expiry',
    'security.acls',
    'features.images',
    'limits.instances',
    'restricted',
    'core.https_address',
  ],
];
export const deviceKeys: readonly string[] = ['type', 'path', 'network', 'pool', 'source', 'listen', 'connect', 'name'];

/** Values that are often right where a field has this name. */
export const likely: Record<string, readonly unknown[]> = {
  action: ['start', 'stop', 'restart', 'freeze', 'unfreeze'],
  force: [true],
  timeout: [1],
  name: ['new', 'stopped', 'web', 'net1', 's0', 's1', 'second', 'data', 'walls', 'b1'],
  type: ['image', 'copy', 'none', 'container', 'bridge', 'custom', 'client', 'disk'],
  alias: ['base'],
  target: ['0', 'base'],
  source: [
    { type: 'image', alias: 'base' },
    { type: 'none' },
    { type: 'copy', source: 'web' },
    { type: 'copy', name: 'data', pool: 'default' },
    undefined,
  ],
  restore: [undefined, 's0'],
  driver: ['memory'],
  pool: ['default', 'second', undefined],
  project: ['default', 'shop', undefined],
  command: [['true'], ['echo', 'x'], ['sh', '-c', 'exit 3']],
  profiles: [['default'], null, []],
  expires_at: ['2031-01-01T00:00:00Z', null],
  listen_address: ['198.51.100.7', '10.77.0.7'],
  listen_port: ['80', '80-90'],
  target_address: ['10.77.0.2'],
  protocol: ['tcp', 'udp'],
  compression_algorithm: ['none', 'gzip'],
  'wait-for-websocket': [false],
  'record-output': [false],
};

export const likelyNames: readonly [pattern: RegExp, names: readonly string[]][] = [
  [/instances/, ['web', 'web', 'web', 'stopped', 'new']],
  [/aliases/, ['base']],
  [/profiles/, ['default', 'new', 'used', 'spare']],
  [/network-acls/, ['walls', 'new']],
  [/networks/, ['gastbr0', 'gastbr0', 'net1', 'lo']],
  [/storage-pools/, ['default', 'second']],
  [/projects/, ['default', 'shop']],
];

/** By the parameter itself. */
export const likelyParams: Record<string, readonly string[]> = {
  '{snapshot}': ['s0', 's0', 's0', 's1'],
  '{backup}': ['b0', 'b0', 'b1'],
  '{file}': ['lxc.log', 'console.log'],
  '{type}': ['custom', 'custom', 'custom', 'container', 'image'],
  '{volume}': ['data', 'data', 'data', 'attached', 'new'],
  '{pool}': ['default', 'default', 'default', 'second'],
  '{address}': ['198.51.100.7', '10.77.0.7'],
};

export const queries: readonly string[] = [
  ...['', '', '', '', '', '', '', '', '', '?project=x', '?project=shop', '?recursion=1', '?recursion=2'],
  ...['?recursion=x', '?path=/etc', '?path=/x%00', '?path=x.tpl', '?project=default', '?filter=name%20eq%20web'],
  ...['?filter=((', '?timeout=0', '?all-projects=true', '?force=1'],
];
