/**
 * How each init system is asked to halt or reboot: a table. None understands another's signals (systemd ignores SIGPWR,
 * sysvinit ignores SIGRTMIN+3), so the init that really runs is looked at.
 */
import { basename } from 'node:path';

export type InitSystem = {
  name: string;
  halt: string;
  reboot: string;
  /** It cannot run without control groups of its own. */
  dividesGroups?: boolean;
};

type Row = InitSystem & {
  /** Last component of the executable that runs as process 1. */
  executables: RegExp;
};

const rows: readonly Row[] = [
  { name: 'systemd', executables: /^systemd$/, halt: 'SIGRTMIN+4', reboot: 'SIGRTMIN+5', dividesGroups: true },
  { name: 'busybox', executables: /^busybox(\.\w+)?$/, halt: 'SIGUSR2', reboot: 'SIGTERM' },
  { name: 'openrc', executables: /^openrc-init$/, halt: 'SIGPWR', reboot: 'SIGINT' },
  { name: 'runit', executables: /^runit(-init)?$/, halt: 'SIGCONT', reboot: 'SIGINT' },
  { name: 's6', executables: /^(s6-svscan|s6-linux-init)$/, halt: 'SIGUSR2', reboot: 'SIGINT' },
  { name: 'dinit', executables: /^dinit$/, halt: 'SIGTERM', reboot: 'SIGINT' },
  { name: 'procd', executables: /^procd$/, halt: 'SIGUSR2', reboot: 'SIGTERM' },
  { name: 'upstart', executables: /^upstart$/, halt: 'SIGPWR', reboot: 'SIGINT' },
  // A real /sbin/init that is nothing of the above. Needs `powerfail` and `ctrlaltdel` lines in its inittab.
  { name: 'sysvinit', executables: /^init$/, halt: 'SIGPWR', reboot: 'SIGINT' },
];

/** A program that is no init: what any well-behaved service understands. */
const plainProgram: InitSystem = { name: 'program', halt: 'SIGTERM', reboot: 'SIGINT' };

/** `executable`: target of /proc/PID/exe of the guest's process 1. */
export function initSystemOf(executable: string): InitSystem {
  // The kernel appends this after an upgrade inside the guest replaced the file.
  const name = basename(executable.replace(/ \(deleted\)$/, ''));
  return rows.find((row) => row.executables.test(name)) ?? plainProgram;
}
