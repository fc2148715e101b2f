/** NICs that plug guests and profiles into networks: what `network attach` adds and `detach` removes. */
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { addDevice, removeDevices } from './device-keys.ts';
import type { Devices, Editable } from './editable.ts';

export type Plug = { network: string; device: string | undefined; interface?: string | undefined };

export async function attachNetwork(context: Context, target: Editable, plug: Plug): Promise<void> {
  const found = await context.client.call('GET /1.0/networks/{name}', { params: { name: plug.network } });
  const unmanaged = { nictype: found.type === 'bridge' ? 'bridged' : 'macvlan', parent: plug.network };
  await addDevice(context, target, plug.device ?? plug.network, {
    type: 'nic',
    ...(found.managed ? { network: plug.network } : unmanaged),
    ...(plug.interface === undefined ? {} : { name: plug.interface }),
  });
}

export async function detachNetwork(context: Context, target: Editable, plug: Plug): Promise<void> {
  await removeDevices(context, target, [plug.device ?? (await pluggedDevice(context, target, plug.network))]);
}

async function pluggedDevice(context: Context, target: Editable, network: string): Promise<string> {
  const { value } = await target.read(context);
  const found = Object.entries(value.devices as Devices).filter(
    ([, keys]) => keys.type === 'nic' && (keys.network === network || keys.parent === network),
  );
  const [only, ...more] = found;
  if (only === undefined) throw usageError(`${target.label} has no device of its own in the network ${network}`);
  if (more.length > 0)
    throw usageError(`${target.label} is in it more than once`, `name one of ${found.map(([key]) => key).join(', ')}`);
  return only[0];
}
