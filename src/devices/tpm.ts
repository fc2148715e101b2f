/** `tpm`: a TPM 2.0 of the machine's own. Containers are not given one: the kernel would have to make a device for each. */
import { deviceKeys } from '../api/config-keys/devices.ts';
import type { DeviceType } from '../core/ports/devices.ts';

export const tpm: DeviceType = {
  name: 'tpm',
  keys: deviceKeys.tpm,
  isTpm: () => true,
  invalid: ({ path, pathrm }) =>
    path === undefined && pathrm === undefined
      ? undefined
      : 'paths are for containers, which are not given a TPM; virtual machines find theirs as /dev/tpm0',
};
