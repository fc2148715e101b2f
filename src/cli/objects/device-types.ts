/** Names of the device types, for completion and help. */
import { deviceKeys } from '../../api/config-keys/devices.ts';

export const deviceTypes = Object.keys(deviceKeys);
