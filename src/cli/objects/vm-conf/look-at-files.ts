/** The files that a vm.conf names, looked at on this host: there, readable, and of a kind that can be used. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { kernelHeadBytes, kernelKind } from './kernel-kind.ts';
import { type Plan, type PlannedDisk, type PlannedMachine, serialConsole } from './plan.ts';

const qcow2Magic = 'QFI\xfb';
const readableForAll = 0o004;

/** Adds what is wrong to the plan. A kernel that QEMU cannot start is left out, with a note. */
export function lookAtFiles(plan: Plan): void {
  for (const machine of plan.machines) {
    for (const [index, disk] of machine.disks.entries()) lookAtDisk(plan, disk, index);
    const { cdrom } = machine;
    const wrong = cdrom && missing(cdrom.path);
    if (cdrom && wrong) plan.errors.push({ ...placeOf(cdrom), text: `cdrom "${cdrom.path}": ${wrong}` });
    if (cdrom && !wrong && !/\.iso$/i.test(cdrom.path))
      plan.errors.push({ ...placeOf(cdrom), text: `cdrom "${cdrom.path}": an ISO image has a name that ends in .iso` });
    if (machine.kernel) lookAtKernel(plan, machine, machine.kernel);
  }
}

const placeOf = ({ file, line }: { file: string; line: number }) => ({ file, line });

function missing(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 'there is no such file';
  if (!found.isFile()) return 'it is no file';
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch {
    return 'you may not read it';
  }
}

function lookAtDisk(plan: Plan, disk: PlannedDisk, index: number): void {
  const wrong = missing(disk.path);
  if (wrong) {
    plan.errors.push({ ...placeOf(disk), text: `disk "${disk.path}": ${wrong}` });
    return;
  }
  const content = head(disk.path, 4).toString('latin1') === qcow2Magic ? 'qcow2' : 'raw';
  if (disk.format !== undefined && disk.format !== content)
    plan.errors.push({
      ...placeOf(disk),
      text: `disk "${disk.path}": it says format ${disk.format}, but is ${content}`,
    });
  disk.format = content;
  if (index > 0 && (content === 'qcow2') !== /\.qcow2$/i.test(disk.path))
    plan.errors.push({
      ...placeOf(disk),
      text: `disk "${disk.path}": a further disk stays where it is, and its format is known by its name: qcow2 images end in .qcow2, raw ones do not`,
    });
}

function lookAtKernel(plan: Plan, machine: PlannedMachine, kernel: NonNullable<PlannedMachine['kernel']>): void {
  const wrong = missing(kernel.path);
  if (wrong) {
    plan.errors.push({ ...placeOf(kernel), text: `boot "${kernel.path}": ${wrong}` });
    return;
  }
  const kind = kernelKind(head(kernel.path, kernelHeadBytes));
  const leaveOut = (why: string) => {
    delete machine.kernel;
    plan.notes.push({ ...placeOf(kernel), what: `boot "${kernel.path}"`, why });
  };
  if (kind === 'other')
    leaveOut(
      'QEMU starts kernels of Linux, multiboot and PVH, and this is none of them (a kernel of OpenBSD, or firmware); the machine starts from its disk or cdrom: put in an installation image by "cdrom"',
    );
  else if ((statSync(kernel.path).mode & readableForAll) === 0)
    plan.errors.push({
      ...placeOf(kernel),
      text: `boot "${kernel.path}": everybody has to be able to read it: chmod a+r ${kernel.path}`,
    });
  else if (kind === 'linux')
    plan.notes.push({
      ...placeOf(kernel),
      what: `boot "${kernel.path}"`,
      why: `taken over; vm.conf has no words for an initrd and a command line: it gets "${serialConsole}", the rest: gast config set ${machine.name} machine.initrd=... machine.cmdline=...`,
    });
}

function head(path: string, bytes: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(file, buffer, 0, bytes, 0));
  } finally {
    closeSync(file);
  }
}
