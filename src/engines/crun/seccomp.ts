/**
 * The system call filter of every guest. It holds for init and for all that is executed later (crun keeps it with the
 * container). What is denied reaches past namespaces: other guests' or the host's kernel objects, clock, log, modules.
 */

export type SeccompRule = {
  names: string[];
  action: 'SCMP_ACT_ERRNO';
  errnoRet: number;
  args?: { index: number; value: number; op: 'SCMP_CMP_EQ' | 'SCMP_CMP_GE' }[];
};

export type Seccomp = { defaultAction: 'SCMP_ACT_ALLOW'; architectures: string[]; syscalls: SeccompRule[] };

const errno = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 };

/** Not permitted: programs know that answer from these calls. */
const forbidden = [
  'kexec_load',
  'kexec_file_load',
  'init_module',
  'finit_module',
  'delete_module',
  'open_by_handle_at',
  'clock_settime',
  'clock_settime64',
  'settimeofday',
  'stime',
  'clock_adjtime',
  'clock_adjtime64',
  'adjtimex',
  'swapon',
  'swapoff',
  'acct',
  'quotactl',
  'quotactl_fd',
  'syslog',
  'bpf',
  'perf_event_open',
  'ioperm',
  'iopl',
  'lookup_dcookie',
];

/** Not there at all: programs have a way without them. */
const absent = [
  'userfaultfd',
  'fanotify_init',
  'fanotify_mark',
  'io_uring_setup',
  'io_uring_enter',
  'io_uring_register',
  'create_module',
  'query_module',
  'get_kernel_syms',
  'nfsservctl',
  'uselib',
  '_sysctl',
  'sysfs',
  // The 32-bit multiplexer would walk around the filter of socket families, whose argument it hides in memory.
  'socketcall',
];

/** unix, inet, inet6, netlink, packet. Above all vsock must not be among them: no namespace confines it. */
const families = [1, 2, 10, 16, 17];
const firstFamilyAbove = 18;

const architectures: Partial<Record<NodeJS.Architecture, string[]>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/** `allowed` gives calls back to a guest; `socket` gives back every socket family. */
export function renderSeccomp(allowed: readonly string[] = []): Seccomp {
  const given = new Set(allowed);
  const deny = (names: string[], errnoRet: number): SeccompRule[] => {
    const rest = names.filter((name) => !given.has(name));
    return rest.length === 0 ? [] : [{ names: rest, action: 'SCMP_ACT_ERRNO', errnoRet }];
  };
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: architectures[process.arch] ?? [],
    syscalls: [
      ...deny(forbidden, errno.EPERM),
      ...deny(absent, errno.ENOSYS),
      ...(given.has('socket') ? [] : socketRules()),
    ],
  };
}

/**
 * One rule per family that is denied: libseccomp 2.5 takes one comparison per argument and rule. The comparison is
 * of 64 bits while the kernel looks at 32, but a number with higher bits set is above all families, too.
 */
function socketRules(): SeccompRule[] {
  const denied = Array.from({ length: firstFamilyAbove }, (_, family) => family).filter((n) => !families.includes(n));
  const rule = (value: number, op: 'SCMP_CMP_EQ' | 'SCMP_CMP_GE'): SeccompRule => ({
    names: ['socket', 'socketpair'],
    action: 'SCMP_ACT_ERRNO',
    errnoRet: errno.EAFNOSUPPORT,
    args: [{ index: 0, value, op }],
  });
  return [...denied.map((family) => rule(family, 'SCMP_CMP_EQ')), rule(firstFamilyAbove, 'SCMP_CMP_GE')];
}
