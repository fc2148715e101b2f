/** Keys that all device types with nodes or sockets have in common. */
import type { DeviceConfig } from '../core/ports/devices.ts';

export function modeError({ mode }: DeviceConfig): string | undefined {
  return mode === undefined || /^0?[0-7]{3}$/.test(mode)
    ? undefined
    : `Invalid value for device option "mode": "${mode}" is not permissions in octal, like 0660`;
}

export function parseMode({ mode }: DeviceConfig, otherwise: number): number {
  return mode === undefined ? otherwise : Number.parseInt(mode, 8);
}

/** Owner and mode, where the config says any. */
export function askedLooks({ uid, gid, mode }: DeviceConfig) {
  return {
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
    ...(uid === undefined ? {} : { uid: Number(uid) }),
    ...(gid === undefined ? {} : { gid: Number(gid) }),
  };
}

export function pathError(path: string): string | undefined {
  if (!path.startsWith('/')) return `"${path}" is not an absolute path`;
  if (path.split('/').includes('..')) return `the path ${path} has ".." in it`;
  return path.includes('\0') || path.length > 1000 ? 'no path of a file' : undefined;
}
