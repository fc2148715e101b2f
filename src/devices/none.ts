/** `none` hides a device of the same name that a profile brings. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import type { DeviceType } from '../core/ports/devices.ts';

export const none: DeviceType = { name: 'none', keys: deviceKeys.none, inMachine: () => ({ kind: 'elsewhere' }) };
