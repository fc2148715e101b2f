/**
 * The UEFI firmware of this host, and the variables that each machine has of its own: a file in the machine's folder, made from
 * the host's template at its first start. With Secure Boot it is another file, as its keys belong to it.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Uefi } from '../../core/ports/machine.ts';
import { HostError } from '../../lib/host-error.ts';

type Build = { code: string; variables: string };

/** Of 4 MiB together, as Debian and others make them today; with Microsoft's keys where Secure Boot is wanted. */
const builds: Record<'open' | 'secure', readonly Build[]> = {
  open: [
    { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
    { code: '/usr/share/edk2/x64/OVMF_CODE.4m.fd', variables: '/usr/share/edk2/x64/OVMF_VARS.4m.fd' },
  ],
  secure: [{ code: '/usr/share/OVMF/OVMF_CODE_4M.ms.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd' }],
};

/** The first is Incus's name, so that machines from there keep theirs. */
const fileNames = { open: 'qemu.nvram', secure: 'qemu.secure.nvram' } as const;

const kindOf = (secureBoot: boolean) => (secureBoot ? 'secure' : 'open');
const find = (secureBoot: boolean): Build | undefined =>
  builds[kindOf(secureBoot)].find(({ code, variables }) => existsSync(code) && existsSync(variables));

export function uefiRefusal(secureBoot: boolean): string | undefined {
  if (find(secureBoot)) return undefined;
  const what = secureBoot ? 'UEFI with Secure Boot' : 'UEFI';
  return `this host has no firmware for ${what}: install the package ovmf, or start the machine by a BIOS (security.csm=true)`;
}

export type MachineFirmware = Build & { secureBoot: boolean };

/** The machine's own variables are there when this returns. */
export function firmwareOf({ directory, secureBoot }: Uefi): MachineFirmware {
  const build = find(secureBoot);
  if (!build) throw new HostError(uefiRefusal(secureBoot) ?? '');
  const variables = join(directory, fileNames[kindOf(secureBoot)]);
  if (!existsSync(variables)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    copyFileSync(build.variables, `${variables}.new`);
    chmodSync(`${variables}.new`, 0o600);
    renameSync(`${variables}.new`, variables);
  }
  const [own, template] = [statSync(variables).size, statSync(build.variables).size];
  if (own !== template)
    throw new HostError(`${variables} has ${own} bytes, and firmware of this host keeps its variables in ${template}`, {
      help: 'remove the file: the machine gets a fresh one, and its own disk is found by the firmware again',
    });
  return { code: build.code, variables, secureBoot };
}
