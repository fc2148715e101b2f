/** The request that `init`, `launch` and `copy` send, from the options that they share. */
import { createReadStream } from 'node:fs';
import type { InstancesPost } from '../../api/resources/instances.ts';
import { usageError } from '../cli-error.ts';
import { flag, list, text } from '../command.ts';
import type { Context } from '../context.ts';
import { fromYaml } from '../output/yaml.ts';
import { isWholeFile, readAll } from '../terminal/read-all.ts';
import { parseDevices, parseKeyValues } from './key-values.ts';

export const createOptions = {
  config: list('-c, --config <key=value>', 'config key of the new guest (may be repeated)', 'config-key'),
  device: list('-d, --device <device,key=value>', 'key of a device of the new guest (may be repeated)'),
  profile: list('-p, --profile <name>', 'profile to use instead of default (may be repeated)', 'profile'),
  noProfiles: flag('--no-profiles', 'use no profile'),
  network: text('-n, --network <name>', 'network that its NIC is plugged into', 'network'),
  storage: text('-s, --storage <pool>', 'pool for its root disk', 'pool'),
  description: text('--description <text>', 'description'),
  ephemeral: flag('-e, --ephemeral', 'delete it when it stops'),
  yaml: text('--yaml <file>', 'config and devices as YAML; - is stdin', 'file'),
};
export type CreateOptions = {
  config: string[];
  device: string[];
  profile: string[];
  noProfiles: boolean;
  network: string | undefined;
  storage: string | undefined;
  description: string | undefined;
  ephemeral: boolean;
  yaml: string | undefined;
};

/** YAML (`gast launch debian/12 web < web.yaml`) is the base; options win over it. */
export async function createRequest(context: Context, options: CreateOptions): Promise<InstancesPost> {
  const base = await readBase(context, options.yaml);
  if (options.noProfiles && options.profile.length > 0) {
    throw usageError('--no-profiles and --profile exclude each other', 'leave one out');
  }
  const devices = { ...base.devices };
  for (const [name, keys] of Object.entries(await devicesOf(context, options)))
    devices[name] = { ...devices[name], ...keys };
  const profiles = options.noProfiles ? [] : options.profile.length > 0 ? options.profile : base.profiles;
  return {
    ...base,
    config: { ...base.config, ...parseKeyValues(options.config) },
    devices,
    ...(profiles ? { profiles } : {}),
    ...(options.description !== undefined ? { description: options.description } : {}),
    ...(options.ephemeral ? { ephemeral: true } : {}),
  };
}

/** Half a device, like `-d eth0,hwaddr=...`, completes the one that the profiles give. */
async function devicesOf(context: Context, options: CreateOptions): Promise<Record<string, Record<string, string>>> {
  const given = parseDevices(options.device);
  if (options.network === undefined && options.storage === undefined && options.device.length === 0) return given;
  const inherited = await profileDevices(context, options);
  const result: Record<string, Record<string, string>> = {};
  if (options.network !== undefined) {
    const name = nameOf(inherited, (device) => device.type === 'nic') ?? 'eth0';
    result[name] = { type: 'nic', name, network: options.network };
  }
  if (options.storage !== undefined) {
    const name = nameOf(inherited, (device) => device.type === 'disk' && device.path === '/') ?? 'root';
    result[name] = { ...inherited[name], type: 'disk', path: '/', pool: options.storage };
  }
  for (const [name, keys] of Object.entries(given)) {
    const base = result[name] ?? (keys.type === undefined ? inherited[name] : undefined);
    if (base === undefined && keys.type === undefined) {
      throw usageError(`Device "${name}" is not in the profiles and has no type`, `-d ${name},type=disk,...`);
    }
    result[name] = { ...base, ...keys };
  }
  return result;
}

async function profileDevices(context: Context, options: CreateOptions) {
  const names = options.noProfiles ? [] : options.profile.length > 0 ? options.profile : ['default'];
  const profiles = await Promise.all(
    names.map((name) => context.client.call('GET /1.0/profiles/{name}', { params: { name } })),
  );
  return Object.assign({}, ...profiles.map((profile) => profile.devices)) as Record<string, Record<string, string>>;
}

const nameOf = (devices: Record<string, Record<string, string>>, fits: (device: Record<string, string>) => boolean) =>
  Object.entries(devices).find(([, device]) => fits(device))?.[0];

async function readBase({ streams }: Context, path: string | undefined): Promise<InstancesPost> {
  const given =
    path === undefined
      ? await handedOver(streams)
      : await readAll(path === '-' ? streams.stdin : createReadStream(path));
  if (given.trim() === '') return {};
  const value = await fromYaml(given);
  if (typeof value === 'object' && value !== null) return value as InstancesPost;
  throw usageError('This YAML is no object', 'give the form that `gast config show` prints');
}

/** Looks at the descriptor first: making `process.stdin` of a file or /dev/null loads fifteen modules of Node. */
const handedOver = async (streams: Context['streams']) => (isWholeFile(0) ? readAll(streams.stdin) : '');
