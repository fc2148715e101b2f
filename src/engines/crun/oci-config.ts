/**
 * The OCI configuration of a guest: a system container with its own init, console and every namespace. Limits are not
 * in here: `host/cgroup.ts` writes them between create and start, by the same code that changes them later.
 */
import type { GuestSpec } from '../../core/ports/engine.ts';
import { guestCapabilities } from '../../host/capabilities.ts';
import { renderSeccomp } from './seccomp.ts';

export type OciMount = { destination: string; type: string; source: string; options: string[] };

export type ConfigInputs = {
  /** Path of the guest's user namespace, made outside by an id of its own range (inotify is charged to that id). */
  userNamespace: string;
  cgroupPath: string;
  /** Directory where lxcfs is mounted. */
  lxcfs?: string;
  lastCapability?: number;
};

export const initEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  TERM: 'linux',
  container: 'lxc',
};

export const defaultInit: readonly string[] = ['/sbin/init'];

/** Files of /proc that tell the guest's own values when lxcfs gives them. */
const lxcfsFiles = ['cpuinfo', 'meminfo', 'stat', 'uptime', 'loadavg', 'swaps', 'diskstats', 'slabinfo'];

export function renderConfig(spec: GuestSpec, inputs: ConfigInputs) {
  const capabilities = guestCapabilities(spec.droppedCapabilities, inputs.lastCapability);
  const environment = { ...initEnvironment, ...spec.environment };
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: spec.init ?? defaultInit,
      cwd: '/',
      env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: [],
        ambient: [],
      },
      // No rlimits: a hard limit above the daemon's own needs CAP_SYS_RESOURCE and fails the whole guest.
      noNewPrivileges: false,
    },
    root: { path: spec.rootfs, readonly: false },
    hostname: spec.hostname,
    mounts: [...kernelMounts, ...(inputs.lxcfs === undefined ? [] : lxcfsMounts(inputs.lxcfs))],
    linux: {
      namespaces: [
        { type: 'user', path: inputs.userNamespace },
        ...['pid', 'ipc', 'uts', 'mount', 'cgroup', 'network'].map((type) => ({ type })),
      ],
      cgroupsPath: inputs.cgroupPath,
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      seccomp: renderSeccomp(spec.allowedSyscalls),
      maskedPaths,
      readonlyPaths,
    },
  };
}

// These hide, they do not protect: guest root can unmount them. Protection is the user namespace.
const maskedPaths = [
  '/proc/kcore',
  '/proc/keys',
  '/proc/timer_list',
  '/proc/sched_debug',
  '/proc/latency_stats',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/sysrq-trigger', '/proc/irq', '/proc/bus', '/proc/fs'];

const mount = (destination: string, type: string, source: string, ...options: string[]): OciMount => ({
  destination,
  type,
  source,
  options,
});

const kernelMounts: OciMount[] = [
  mount('/proc', 'proc', 'proc', 'nosuid', 'noexec', 'nodev'),
  mount('/dev', 'tmpfs', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=512k'),
  mount('/dev/pts', 'devpts', 'devpts', 'nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'),
  mount('/dev/shm', 'tmpfs', 'shm', 'nosuid', 'nodev', 'mode=1777'),
  mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
  mount('/sys', 'sysfs', 'sysfs', 'nosuid', 'noexec', 'nodev'),
  mount('/sys/fs/cgroup', 'cgroup', 'cgroup', 'nosuid', 'noexec', 'nodev', 'relatime', 'rw'),
  mount('/run', 'tmpfs', 'tmpfs', 'nosuid', 'nodev', 'mode=755'),
  mount('/run/lock', 'tmpfs', 'tmpfs', 'nosuid', 'nodev', 'noexec', 'mode=1777', 'size=5120k'),
];

function lxcfsMounts(directory: string): OciMount[] {
  return lxcfsFiles.map((name) =>
    mount(`/proc/${name}`, 'bind', `${directory}/proc/${name}`, 'bind', 'ro', 'nosuid', 'nodev', 'noexec'),
  );
}
