/**
 * Who the machine is: its number in the firmware's tables, from which systems make their machine id, a number that is another
 * one after each copy and restore, and its name, for systems that look there.
 */
import type { Part } from './spec.ts';

export const identity: Part = ({ machine }) => {
  if (!machine.identity) return [];
  const { uuid, generation, hostname } = machine.identity;
  return [
    ...['-uuid', uuid, '-smbios', `type=1,manufacturer=Gasthof,product=virtual machine,uuid=${uuid}`],
    ...['-device', `vmgenid,guid=${generation}`],
    // systemd takes its credential from 254 on; others find the name in /sys/firmware/qemu_fw_cfg.
    ...['-smbios', `type=11,value=io.systemd.credential:system.hostname=${hostname}`],
    ...['-fw_cfg', `name=opt/gasthof/hostname,string=${hostname}`],
  ];
};
