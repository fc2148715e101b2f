/** The devices of an instance or profile: add, remove, set, unset, get, list, show. */
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { sortedMaps, toYaml } from '../output/yaml.ts';
import type { Devices, Editable } from './editable.ts';

async function changeDevices(
  context: Context,
  target: Editable,
  change: (devices: Devices, inherited: Devices) => Devices,
) {
  const { value, etag } = await target.read(context);
  const devices = change({ ...(value.devices as Devices) }, (value.expanded_devices as Devices | undefined) ?? {});
  await target.write(context, { ...value, devices }, etag);
}

export const addDevice = (context: Context, target: Editable, name: string, keys: Record<string, string>) =>
  changeDevices(context, target, (devices) => {
    if (devices[name])
      throw new CliError(`${target.label} already has a device "${name}"`, { help: 'device set changes it' });
    return { ...devices, [name]: keys };
  });

/** A device that a profile gives becomes an own one, with the changes. */
export const overrideDevice = (context: Context, target: Editable, name: string, keys: Record<string, string>) =>
  changeDevices(context, target, (devices, inherited) => {
    if (devices[name])
      throw new CliError(`The device "${name}" is already ${target.label}'s own`, { help: 'device set changes it' });
    const base = inherited[name];
    if (!base)
      throw new CliError(`No profile of ${target.label} has a device "${name}"`, { help: 'device add makes one' });
    return { ...devices, [name]: { ...base, ...keys } };
  });

export const removeDevices = (context: Context, target: Editable, names: readonly string[]) =>
  changeDevices(context, target, (devices, inherited) => {
    for (const name of names) {
      needOwn(target, devices, inherited, name);
      delete devices[name];
    }
    return devices;
  });

export const setDevice = (context: Context, target: Editable, name: string, keys: Record<string, string>) =>
  changeDevices(context, target, (devices, inherited) => ({
    ...devices,
    [name]: withoutEmpty({ ...needOwn(target, devices, inherited, name), ...keys }),
  }));

export async function printDeviceKey(context: Context, target: Editable, name: string, key: string): Promise<void> {
  const { value } = await target.read(context);
  const device = needOwn(target, value.devices as Devices, (value.expanded_devices as Devices | undefined) ?? {}, name);
  context.print(`${device[key] ?? ''}\n`);
}

export async function printDevices(context: Context, target: Editable, form: 'names' | 'yaml'): Promise<void> {
  const { value } = await target.read(context);
  const devices = value.devices as Devices;
  context.print(
    form === 'yaml'
      ? await toYaml(sortedMaps(devices, true))
      : Object.keys(devices)
          .sort()
          .map((name) => `${name}\n`)
          .join(''),
  );
}

function needOwn(target: Editable, devices: Devices, inherited: Devices, name: string): Record<string, string> {
  const device = devices[name];
  if (device) return device;
  throw inherited[name]
    ? new CliError(`The device "${name}" comes from a profile`, {
        help: `gast config device override ${target.label} ${name}`,
      })
    : new CliError(`${target.label} has no device "${name}"`, { help: 'device list shows them' });
}

const withoutEmpty = (keys: Record<string, string>) =>
  Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== ''));
