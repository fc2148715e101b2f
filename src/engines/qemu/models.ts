/** What machines can be made of on this host: asked of QEMU once, and again when its program has changed. */
import { existsSync } from 'node:fs';
import type { MachineModels, MachineWish } from '../../core/ports/machine-models.ts';
import { run } from '../../host/run.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Accelerator } from './accelerator.ts';
import { uefiRefusal } from './firmware.ts';
import { cpuRefusal, type ModelLists, parseCpus, parseTypes, typeRefusal } from './model-lists.ts';
import { programStamp } from './programs.ts';

export const tpmProgram = '/usr/bin/swtpm';

export function createModels(program: string, accelerator: Accelerator): MachineModels {
  let known: { stamp: string; lists: Promise<ModelLists> } | undefined;

  async function lists(): Promise<ModelLists> {
    const stamp = programStamp(program) ?? '';
    if (known?.stamp === stamp) return known.lists;
    const asked = { stamp, lists: readLists(program) };
    known = asked;
    // What failed is asked again.
    asked.lists.catch(() => {
      if (known === asked) known = undefined;
    });
    return asked.lists;
  }

  return {
    async refusal({ type, cpuModel, uefi, secureBoot, tpm }: MachineWish) {
      const models = type !== undefined || cpuModel !== undefined ? await lists() : undefined;
      return (
        (type !== undefined && models ? typeRefusal(type, models) : undefined) ??
        (cpuModel !== undefined && models ? cpuRefusal(cpuModel, models, accelerator === 'kvm') : undefined) ??
        (uefi ? uefiRefusal(secureBoot) : undefined) ??
        (tpm && !existsSync(tpmProgram) ? 'a TPM needs the program swtpm: install the package swtpm' : undefined)
      );
    },
    async defaultType() {
      const { types } = await lists();
      const alias = types.find(({ name }) => name === 'q35')?.alias;
      if (alias === undefined) throw new HostError(`${program} knows no machine of the type q35`);
      return alias;
    },
  };
}

async function readLists(program: string): Promise<ModelLists> {
  const [machines, cpus] = await Promise.all(['-machine', '-cpu'].map((word) => run(program, [word, 'help'])));
  return { types: parseTypes(machines?.stdout ?? ''), ...parseCpus(cpus?.stdout ?? '') };
}
