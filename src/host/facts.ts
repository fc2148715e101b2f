/** Facts about the host, read once at start. */
import { readFileSync } from 'node:fs';
import { availableParallelism, hostname, release, totalmem } from 'node:os';

export function hostFacts() {
  const os = osRelease();
  return {
    serverName: hostname(),
    pid: process.pid,
    architecture: process.arch === 'x64' ? 'x86_64' : process.arch === 'arm64' ? 'aarch64' : process.arch,
    kernel: release(),
    osName: os.NAME ?? 'Linux',
    osVersion: os.VERSION_ID ?? '',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    cgroups: cgroupKind(),
  };
}

/** Identity of this boot of the host. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

function osRelease(): Record<string, string> {
  const pairs = readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)="?(.*?)"?$/gm);
  return Object.fromEntries([...pairs].map(([, key = '', value = '']) => [key, value]));
}

function cgroupKind(): 'v1' | 'v2' | 'hybrid' {
  const types = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[2]);
  const v1 = types.includes('cgroup');
  const v2 = types.includes('cgroup2');
  return v1 && v2 ? 'hybrid' : v2 ? 'v2' : 'v1';
}
