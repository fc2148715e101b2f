/**
 * Guests that run and are to go to another server as they are: containers cannot; of machines only those go of which nothing
 * is tied to its host.
 */
import { fail } from '../../api/errors.ts';
import type { House } from '../house.ts';
import { expand } from '../instances/expand.ts';
import type { DevicesMap, InstanceDoc } from '../model.ts';
import type { MachineMoving } from '../ports/machine-moving.ts';

type Needs = Pick<House, 'documents' | 'devices' | 'engines'>;

/** What a machine may have while it goes; a disk only to stand on. */
const travelling: readonly (string | undefined)[] = ['nic', 'proxy', 'none'];

/** `type` as it was asked for. Gives what moves the machine. */
export function checkLive(house: Needs, type: string | undefined, name: string, devices: DevicesMap): MachineMoving {
  if (type !== 'virtual-machine') fail('migration.live');
  const { moving } = house.engines[type];
  if (!moving) fail('migration.live-machine', { name, reason: 'its engine cannot move it' });
  for (const [device, config] of Object.entries(devices)) {
    const isRoot = house.devices.find((one) => one.name === config.type)?.isRoot?.(config) === true;
    if (isRoot || travelling.includes(config.type)) continue;
    fail('migration.live-machine', { name, reason: `its device ${device} (${config.type}) stays on the host` });
  }
  return moving;
}

export const checkLiveInstance = (house: Needs, doc: InstanceDoc): MachineMoving =>
  checkLive(house, doc.type, doc.name, expand(house, doc).devices);
