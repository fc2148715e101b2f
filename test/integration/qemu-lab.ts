/** What the tests of virtual machines stand on: the tiny machine, an engine in a directory of its own. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GuestSpec } from '../../src/core/ports/engine.ts';
import { createQemuEngine } from '../../src/engines/qemu/engine.ts';
import type { EngineLab } from '../contract/engine.suite.ts';
import { tinyMachine } from '../machines/tiny-machine.ts';
import { eventually } from './engine-lab.ts';

export const range = { base: 1_000_000, size: 65_536 };

/** Emulated, on a machine that has other work. */
const bootMs = 60_000;

/** Why the tests cannot run here, false when they can. */
export function lacking(): string | false {
  if (process.env.LAB_INSIDE !== '1') return 'needs the laboratory: tools/lab node --test ...';
  for (const path of ['/usr/bin/qemu-system-x86_64', tinyMachine.kernel, tinyMachine.initrd])
    if (!existsSync(path)) return `needs ${path}: see tools/vm-packages`;
  return false;
}

export type QemuLab = EngineLab & { directory: string };

export async function openQemuLab(): Promise<QemuLab> {
  const directory = mkdtempSync(join(tmpdir(), 'gast-'));
  const engine = await createQemuEngine(qemuOptions(directory));
  return {
    engine,
    directory,
    spec: machineSpec,
    memory: { first: 128 * 2 ** 20, later: 96 * 2 ** 20 },
    ready: (id) =>
      eventually(`guest ${id} is up`, async () => /^ready after/m.test(String(await engine.consoleLog(id))), bootMs),
    async [Symbol.asyncDispose]() {
      for (const { id } of await engine.observe()) await engine.remove(id);
      await engine[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function qemuOptions(directory: string) {
  return {
    stateDirectory: join(directory, 's'),
    logDirectory: join(directory, 'l'),
    roomsDirectory: join(directory, 'r'),
    cgroupParent: `gasthof-${directory.slice(-6)}`,
  };
}

export function machineSpec(id: string, overrides: Partial<GuestSpec> = {}): GuestSpec {
  const { kernel, initrd, append } = tinyMachine;
  return {
    id,
    hostname: 'vm',
    range,
    rootfs: '',
    parts: [],
    nics: [],
    environment: {},
    allowedSyscalls: [],
    droppedCapabilities: [],
    machine: { disks: [], boot: { kind: 'kernel', kernel, initrd, append } },
    ...overrides,
    limits: { memoryBytes: 128 * 2 ** 20, ...overrides.limits },
  };
}
