/** UEFI: the host's code, read-only, and the variables of this machine. Without it there is the BIOS that QEMU brings along. */
import type { Part } from './spec.ts';

export const firmware: Part = ({ uefi }, { file }) => {
  if (!uefi) return [];
  const flash = (name: string, path: string, write: boolean) => [
    '-blockdev',
    JSON.stringify({
      driver: 'raw',
      'node-name': name,
      'read-only': !write,
      file: { driver: 'file', filename: file(path, write), 'read-only': !write, locking: 'on' },
    }),
  ];
  return [
    ...flash('uefi-code', uefi.code, false),
    ...flash('uefi-variables', uefi.variables, true),
    ...['-machine', 'pflash0=uefi-code,pflash1=uefi-variables'],
    ...(uefi.secureBoot ? secured : []),
  ];
};

/** Only the firmware may write variables then, in a mode of the processor that a system cannot enter. */
const secured = ['-machine', 'smm=on', '-global', 'driver=cfi.pflash01,property=secure,value=on'];
