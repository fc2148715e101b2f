/** Disks that give custom volumes to guests and profiles: what `storage volume attach` adds and `detach` removes. */
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { addDevice, removeDevices } from './device-keys.ts';
import type { Devices, Editable } from './editable.ts';

/** `place`: the path in the guest, behind the name of the device if that is not to be the volume's; a disk has no path. */
type Attachment = { pool: string; volume: string; place: readonly string[] };

export async function attachVolume(context: Context, target: Editable, wanted: Attachment): Promise<void> {
  const { pool, volume, place } = wanted;
  const [first = '', second] = place;
  if (place.length > 2) throw usageError('attach takes a path, or a device and a path');
  const isPath = first.startsWith('/');
  const device = first === '' || (isPath && second === undefined) ? volume : first;
  const path = second ?? (isPath ? first : undefined);
  await addDevice(context, target, device, { type: 'disk', pool, source: volume, ...(path ? { path } : {}) });
}

type Attached = { pool: string; volume: string; device: string | undefined };

export async function detachVolume(context: Context, target: Editable, attached: Attached): Promise<void> {
  await removeDevices(context, target, [attached.device ?? (await deviceWith(context, target, attached))]);
}

/** The device of the object that shows the volume. */
async function deviceWith(context: Context, target: Editable, { pool, volume }: Attached): Promise<string> {
  const { value } = await target.read(context);
  const found = Object.entries(value.devices as Devices).filter(
    ([, keys]) => keys.type === 'disk' && keys.pool === pool && keys.source?.split('/')[0] === volume,
  );
  const [only, ...more] = found;
  if (only === undefined) throw usageError(`${target.label} has no device with the volume ${volume}`);
  if (more.length > 0)
    throw usageError(`${target.label} has it more than once`, `name one of ${found.map(([key]) => key).join(', ')}`);
  return only[0];
}
