/** The machine as its firmware describes it, and its load. */
import type { ResourcesLoad, ResourcesSystem } from '../../core/ports/resources.ts';
import { type KernelTrees, readNames, readText } from './read.ts';

export function readSystem({ sys }: KernelTrees): ResourcesSystem {
  const dmi = `${sys}/class/dmi/id`;
  const text = (name: string) => readText(`${dmi}/${name}`);
  const isDescribed = readNames(dmi).length > 0;
  return {
    uuid: text('product_uuid'),
    vendor: text('sys_vendor'),
    product: text('product_name'),
    family: text('product_family'),
    version: text('product_version'),
    sku: text('product_sku'),
    serial: text('product_serial'),
    type: machineType(text('chassis_type'), `${text('sys_vendor')} ${text('product_name')}`, isDescribed),
    firmware: isDescribed
      ? { vendor: text('bios_vendor'), date: text('bios_date'), version: text('bios_version') }
      : null,
    chassis: isDescribed
      ? {
          vendor: text('chassis_vendor'),
          type: text('chassis_type'),
          serial: text('chassis_serial'),
          version: text('chassis_version'),
        }
      : null,
    motherboard: isDescribed
      ? {
          vendor: text('board_vendor'),
          product: text('board_name'),
          serial: text('board_serial'),
          version: text('board_version'),
        }
      : null,
  };
}

/** Without a description by firmware it is a container or a small virtual machine. */
function machineType(chassis: string, names: string, isDescribed: boolean): string {
  if (!isDescribed) return 'virtual-machine';
  return /QEMU|KVM|VMware|VirtualBox|Virtual Machine|Xen/i.test(names) || chassis === '1'
    ? 'virtual-machine'
    : 'physical';
}

/** Incus names the third average after ten minutes; the kernel gives that of fifteen. */
export function readLoad({ proc }: KernelTrees): ResourcesLoad {
  const [one, five, fifteen, processes] = readText(`${proc}/loadavg`).split(' ');
  return {
    Average1Min: Number(one) || 0,
    Average5Min: Number(five) || 0,
    Average10Min: Number(fifteen) || 0,
    Processes: Number(processes?.split('/')[1]) || 0,
  };
}
