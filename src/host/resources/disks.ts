/** Disks of the host with their partitions. Loop devices, RAM disks and mapped devices are no disks. */
import { realpathSync } from 'node:fs';
import type { ResourcesStorage } from '../../core/ports/resources.ts';
import { type KernelTrees, linkName, numaNode, pciAddress, readNames, readNumber, readText } from './read.ts';

const virtual = /^(loop|ram|zram|dm-|md|nbd|sr|fd)/;
const sectorBytes = 512;

export function readDisks({ sys, proc }: KernelTrees): ResourcesStorage {
  const mounted = new Set([...readText(`${proc}/self/mounts`).matchAll(/^\/dev\/(\S+) /gm)].map(([, name]) => name));
  const disks = readNames(`${sys}/block`)
    .filter((name) => !virtual.test(name))
    .map((id) => {
      const disk = `${sys}/block/${id}`;
      const path = real(disk);
      const address = pciAddress(path);
      const partitions = readNames(disk)
        .filter((name) => readText(`${disk}/${name}/partition`) !== '')
        .map((name) => ({
          id: name,
          device: readText(`${disk}/${name}/dev`),
          read_only: readNumber(`${disk}/${name}/ro`) === 1,
          size: readNumber(`${disk}/${name}/size`) * sectorBytes,
          partition: readNumber(`${disk}/${name}/partition`),
          mounted: mounted.has(name),
        }));
      return {
        id,
        device: readText(`${disk}/dev`),
        ...(readText(`${disk}/device/model`) ? { model: readText(`${disk}/device/model`) } : {}),
        type: diskType(id, path),
        read_only: readNumber(`${disk}/ro`) === 1,
        mounted: mounted.has(id),
        size: readNumber(`${disk}/size`) * sectorBytes,
        removable: readNumber(`${disk}/removable`) === 1,
        numa_node: numaNode(`${disk}/device`),
        block_size: readNumber(`${disk}/queue/physical_block_size`),
        // Incus says 0 for what does not turn, 1 for what does.
        rpm: readNumber(`${disk}/queue/rotational`),
        ...(readText(`${disk}/device/serial`) ? { serial: readText(`${disk}/device/serial`) } : {}),
        device_id: '',
        ...(address ? { pci_address: address } : {}),
        partitions,
      };
    });
  return { disks, total: disks.length };
}

function diskType(id: string, path: string): string {
  if (id.startsWith('nvme')) return 'nvme';
  if (path.includes('/virtio')) return 'virtio';
  if (path.includes('/usb')) return 'usb';
  return linkName(`${path}/device/subsystem`) || 'unknown';
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
