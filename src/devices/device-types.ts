/** All device types: one line each. */
import type { DeviceTypes } from '../core/ports/devices.ts';
import { disk } from './disk.ts';
import { nic } from './nic.ts';
import { none } from './none.ts';

export const deviceTypes: DeviceTypes = [nic, disk, none];
