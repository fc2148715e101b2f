/** The mount table of our mount namespace. */
import { readFileSync } from 'node:fs';

export type MountPoint = { path: string; type: string; source: string };

/** In the order in which they were made. */
export function listMounts(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): MountPoint[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const path = left.split(' ')[4];
    const [type = '', source = ''] = right.split(' ');
    return path === undefined ? [] : [{ path: decodeOctal(path), type, source: decodeOctal(source) }];
  });
}

/** Blanks, tabs, line ends and backslashes are written as three octal digits. */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
