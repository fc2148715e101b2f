/** Names of Linux capabilities by number, and which of them a guest's processes may hold inside its user namespace. */
import { readFileSync } from 'node:fs';

const names = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

/** Capabilities whose objects no namespace confines. */
const neverGiven = new Set(['SYS_MODULE', 'SYS_RAWIO', 'SYS_TIME', 'MAC_ADMIN', 'MAC_OVERRIDE']);

/** Capabilities that a guest gets, as `CAP_...`; `dropped` (without `CAP_`, any case) are taken away. */
export function guestCapabilities(dropped: string[], last: number = lastCapability()): string[] {
  const gone = new Set(dropped.map((name) => name.toUpperCase().replace(/^CAP_/, '')));
  return names
    .slice(0, last + 1)
    .filter((name) => !neverGiven.has(name) && !gone.has(name))
    .map((name) => `CAP_${name}`);
}

/** True for a name (without `CAP_`) that Linux knows. */
export function isCapability(name: string): boolean {
  return names.includes(name.toUpperCase().replace(/^CAP_/, ''));
}

function lastCapability(): number {
  return Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'latin1'));
}
