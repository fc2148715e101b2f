/** Reading small kernel files: a file that is not there says nothing, it is no error. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Where the kernel shows itself; tests give made-up trees. */
export type KernelTrees = { sys: string; proc: string };

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

export function readNumber(path: string, otherwise = 0): number {
  const value = Number.parseInt(readText(path), 10);
  return Number.isFinite(value) ? value : otherwise;
}

/** Sorted, as a person would: cpu2 before cpu10. */
export function readNames(directory: string): string[] {
  try {
    return readdirSync(directory).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch {
    return [];
  }
}

/** The last word of what a link points to, like the name of a driver. */
export function linkName(path: string): string {
  try {
    return basename(readlinkSync(path));
  } catch {
    return '';
  }
}

/** `0x8086` without its beginning. */
export const hexId = (path: string): string => readText(path).replace(/^0x/, '');

/** A node of -1 means that there is only one. */
export const numaNode = (device: string): number => Math.max(0, readNumber(`${device}/numa_node`));

/** The PCI address in the real path of a device, empty when it is on no PCI bus. */
export function pciAddress(realPath: string): string {
  return realPath.match(/[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]/g)?.at(-1) ?? '';
}
