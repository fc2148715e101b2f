/**
 * Which accelerator a virtual machine gets. A `/dev/kvm` that opens proves nothing: on a host that is itself a guest it may
 * open and start a firmware, and no Linux ever comes up behind it. What counts besides is that the CPU says it can.
 */
import { accessSync, constants, readFileSync } from 'node:fs';

export type Accelerator = 'kvm' | 'tcg';

/** Flags of /proc/cpuinfo with which a CPU of this architecture tells that it runs guests; absent: the device is proof enough. */
const flagsOf: Partial<Record<NodeJS.Architecture, RegExp>> = { x64: /^flags\s*:.*\b(?:vmx|svm)\b/m };

export type AcceleratorFacts = { architecture: NodeJS.Architecture; cpuinfo: string; canOpenKvm: boolean };

/** `reason` is for people, and says why a machine will be slow. */
export function chooseAccelerator(facts: AcceleratorFacts): { accelerator: Accelerator; reason?: string } {
  if (!facts.canOpenKvm)
    return { accelerator: 'tcg', reason: 'slow: /dev/kvm is missing or closed, machines are emulated' };
  const flags = flagsOf[facts.architecture];
  if (flags && !flags.test(facts.cpuinfo))
    return { accelerator: 'tcg', reason: 'slow: the CPU has neither vmx nor svm, machines are emulated' };
  return { accelerator: 'kvm' };
}

export function hostAccelerator(): ReturnType<typeof chooseAccelerator> {
  return chooseAccelerator({
    architecture: process.arch,
    cpuinfo: readFileSync('/proc/cpuinfo', 'latin1'),
    canOpenKvm: canOpen('/dev/kvm'),
  });
}

function canOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
