/** Graphics cards of the host as /sys shows them, with their nodes in /dev/dri. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

export type DrmNode = { path: string; major: number; minor: number };
export type DrmCard = { id: number; pci: string; vendor: string; product: string; nodes: DrmNode[] };

/** By their numbers. A card without PCI address (a platform device) has it empty. */
export function listDrmCards(sys = '/sys'): DrmCard[] {
  const directory = join(sys, 'class/drm');
  return list(directory)
    .flatMap((name) => {
      const id = /^card(\d+)$/.exec(name)?.[1];
      if (id === undefined) return [];
      const device = join(directory, name, 'device');
      const nodes = list(join(device, 'drm')).flatMap((node) => nodeOf(join(device, 'drm', node)));
      return [
        {
          id: Number(id),
          pci: pciOf(device),
          vendor: hexOf(device, 'vendor'),
          product: hexOf(device, 'device'),
          nodes,
        },
      ];
    })
    .sort((a, b) => a.id - b.id);
}

/** `card0`, `renderD128`, `controlD64`; connectors have no number. */
function nodeOf(directory: string): DrmNode[] {
  const [major, minor] = read(join(directory, 'dev')).split(':').map(Number);
  const name = basename(directory);
  if (!major || minor === undefined || !/^(card|renderD|controlD)\d+$/.test(name)) return [];
  return [{ path: `/dev/dri/${name}`, major, minor }];
}

function pciOf(device: string): string {
  try {
    const name = basename(realpathSync(device));
    return /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.\d$/i.test(name) ? name.toLowerCase() : '';
  } catch {
    return '';
  }
}

const hexOf = (device: string, file: string) => read(join(device, file)).replace(/^0x/, '').toLowerCase();

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
