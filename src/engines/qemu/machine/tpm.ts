/** A TPM: another program keeps it, at the other end of a connection. */
import type { Part } from './spec.ts';

/** No device has such a name. */
export const tpmConnection = '/tpm';

export const tpm: Part = ({ machine }, { connected }) =>
  machine.tpm === undefined
    ? []
    : [
        ...['-chardev', `socket,id=tpm,fd=${connected(tpmConnection)}`, '-tpmdev', 'emulator,id=tpm0,chardev=tpm'],
        ...['-device', 'tpm-crb,tpmdev=tpm0'],
      ];
