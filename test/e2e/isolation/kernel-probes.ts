/** The kernel itself: its switches, its memory, its log, its clock, its modules, its devices. */
import type { Probe } from './probe.ts';

const write = (name: string, ...paths: string[]): Probe => ({
  name,
  perl: paths.map((path) => `writable('${path}');`).join('\n'),
});
const read = (name: string, ...paths: string[]): Probe => ({
  name,
  perl: paths.map((path) => `readable('${path}');`).join('\n'),
});
const nodes = (name: string, ...devices: [type: 'b' | 'c', major: number, minor: number][]): Probe => ({
  name,
  perl: devices.map(([type, major, minor]) => `make_node('${type}', ${major}, ${minor});`).join('\n'),
});

/** Opens all files below a directory for writing and tells those that open, shortened by a pattern of what may. */
const writableBelow = (top: string, skipped: string, allowed: string) => `
my @rest = ('${top}');
my $found = 0;
while (defined(my $path = shift @rest)) {
  next if $path =~ m{^(?:${skipped})$};
  my @status = lstat $path or next;
  if (-d _) { opendir(my $directory, $path) or next; push @rest, map { "$path/$_" } grep { !/^\\.\\.?$/ } readdir $directory; next }
  next unless -f _;
  sysopen(my $file, $path, O_WRONLY | O_NONBLOCK) or next;
  next if $path =~ m{^(?:${allowed})};
  print "POSSIBLE writing $path\\n"; $found++;
}
print "nothing else is writable\\n" unless $found;`;

export const kernelProbes: Probe[] = [
  write('the handler of crashed programs (core_pattern)', '/proc/sys/kernel/core_pattern'),
  write('the program that loads modules', '/proc/sys/kernel/modprobe', '/sys/kernel/uevent_helper'),
  write('magic SysRq', '/proc/sysrq-trigger', '/proc/sys/kernel/sysrq'),
  write('interpreters of the host (binfmt_misc)', '/proc/sys/fs/binfmt_misc/register'),
  write(
    'switches of the kernel’s own defence',
    '/proc/sys/kernel/randomize_va_space',
    '/proc/sys/kernel/kptr_restrict',
    '/proc/sys/kernel/dmesg_restrict',
    '/proc/sys/kernel/unprivileged_bpf_disabled',
    '/proc/sys/kernel/yama/ptrace_scope',
    '/proc/sys/fs/suid_dumpable',
    '/proc/sys/fs/protected_symlinks',
  ),
  write('panic', '/proc/sys/kernel/panic', '/proc/sys/kernel/panic_on_oops', '/proc/sys/vm/panic_on_oom'),
  write('memory of the host', '/proc/sys/vm/overcommit_memory', '/proc/sys/vm/drop_caches', '/proc/sys/vm/swappiness'),
  write('limits of the host', '/proc/sys/fs/file-max', '/proc/sys/fs/aio-max-nr', '/proc/sys/kernel/threads-max'),
  write('interrupts', '/proc/irq/default_smp_affinity', '/proc/irq/0/smp_affinity'),
  write('sleep and power', '/sys/power/state', '/sys/power/disk', '/sys/devices/system/cpu/cpu1/online'),
  {
    name: 'nothing below /proc/sys is writable beyond the guest’s own namespaces',
    perl: writableBelow(
      '/proc/sys',
      '-',
      '/proc/sys/(net|user|fs/mqueue)/|/proc/sys/kernel/(hostname|domainname|ns_last_pid|pid_max|(shm|msg|sem|auto_msgmni)[a-z_]*)$',
    ),
  },
  {
    name: 'nothing else of /proc is writable',
    perl: writableBelow('/proc', '/proc/(sys|[0-9]+|self|thread-self|net)', '/proc/pressure/'),
  },
  {
    name: 'nothing of /sys is writable but its own network cards and control groups',
    perl: writableBelow('/sys', '-', '/sys/devices/virtual/net/|/sys/fs/cgroup/(systemd|unified)/'),
  },
  {
    name: 'without the masks of /proc nothing more is readable or writable',
    shell: `unshare -m sh -c '
      for path in /proc/kcore /proc/keys /proc/timer_list /proc/sysrq-trigger /proc/irq /proc/bus /proc/fs /sys/firmware; do umount -l $path 2>/dev/null; done
      head -c 1 /proc/kcore >/dev/null 2>&1 && echo POSSIBLE kcore
      head -c 1 /proc/timer_list >/dev/null 2>&1 && echo POSSIBLE timer_list
      grep -q host-secret /proc/keys && echo POSSIBLE keys
      (: >>/proc/sysrq-trigger) 2>/dev/null && echo POSSIBLE sysrq
      (: >>/proc/irq/default_smp_affinity) 2>/dev/null && echo POSSIBLE irq
      echo nothing' || echo nothing`,
  },
  read(
    'memory of the kernel',
    '/proc/kcore',
    '/dev/mem',
    '/dev/kmem',
    '/dev/port',
    '/proc/kpagecount',
    '/proc/vmallocinfo',
  ),
  read('the kernel’s log', '/dev/kmsg', '/proc/kmsg'),
  { name: 'the kernel’s log by its system call', perl: "my $text = ' ' x 4096; attempt('syslog', 3, $text, 4096);" },
  {
    name: 'addresses of the kernel',
    shell: `for file in kallsyms iomem modules; do
      grep -E '(^| 0x)0*[1-9a-f][0-9a-f]{7,}' /proc/$file 2>/dev/null | head -1; done; echo nothing`,
    expect: /^nothing\n$/,
  },
  read('debugging files', '/sys/kernel/debug/sched/debug', '/sys/kernel/tracing/trace', '/proc/sched_debug'),
  nodes('devices of memory and log', ['c', 1, 1], ['c', 1, 2], ['c', 1, 4], ['c', 1, 11]),
  nodes('disks', ['b', 8, 0], ['b', 253, 0], ['b', 254, 0], ['b', 259, 0], ['b', 7, 0], ['b', 1, 0]),
  nodes(
    'devices of drivers',
    ['c', 10, 229],
    ['c', 10, 200],
    ['c', 10, 232],
    ['c', 10, 237],
    ['c', 10, 241],
    ['c', 4, 0],
  ),
  {
    name: 'a device node by any name opens nothing (/dev has the harmless ones only)',
    shell: `find / -xdev \\( -type b -o -type c \\) 2>/dev/null; for file in /dev/* /dev/*/*; do [ -b $file ] && echo $file; [ -c $file ] && echo $file; done`,
    expect: /^(\/dev\/(console|full|null|ptmx|pts\/\w+|random|tty|urandom|zero)\n)+$/,
  },
  {
    name: 'modules',
    perl: "attempt('init_module', 0, 0, 0); attempt('finit_module', -1, 0, 0); attempt('delete_module', 'x', 0);",
  },
  {
    name: 'another kernel (kexec)',
    perl: "attempt('kexec_load', 0, 0, 0, 0); attempt('kexec_file_load', -1, -1, 0, 0, 0);",
  },
  {
    name: 'the clock',
    perl: `my $time = pack('qq', time, 0);
      attempt('settimeofday', $time, 0); attempt('clock_settime', 0, $time);
      my $timex = "\\0" x 256; attempt('adjtimex', $timex); attempt('clock_adjtime', 0, $timex);`,
  },
  {
    name: 'swap and accounting',
    perl: "attempt('swapon', '/x', 0); attempt('swapoff', '/x'); attempt('acct', '/x'); attempt('quotactl', 0, 0, 0, 0);",
  },
  {
    name: 'programs in the kernel (bpf)',
    perl: "my $a = \"\\0\" x 128; attempt('bpf', 0, $a, 128); attempt('bpf', 5, $a, 128);",
  },
  {
    name: 'performance counters of others',
    perl: "my $a = pack('LL', 1, 128) . \"\\0\" x 120; attempt('perf_event_open', $a, -1, 0, -1, 0);",
  },
  {
    name: 'page faults in user space, io_uring, fanotify',
    perl: "attempt('userfaultfd', 0); my $p = \"\\0\" x 120; attempt('io_uring_setup', 4, $p); attempt('fanotify_init', 0, 0);",
  },
  {
    name: 'ports of the processor',
    perl:
      process.arch === 'x64'
        ? "for my $call (['ioperm', 173], ['iopl', 172]) { $nr{$call->[0]} = $call->[1]; attempt($call->[0], 3, 1, 1) }"
        : 'print qq(nothing\\n);',
  },
  {
    name: 'the kernel’s auditing',
    perl: "socket(my $s, 16, 3, 9) or do { told('audit', 0); exit }; my $m = pack('LSSLL', 16, 1000, 5, 1, 0); $! = 0; if (!defined send($s, $m, 0)) { told('audit', 0); exit } sysread($s, my $answer, 4096); my $e = unpack('x16l', $answer); print $e < 0 ? qq(refused audit: $e\\n) : qq(POSSIBLE audit\\n);",
  },
  {
    name: 'real-time scheduling and negative nice',
    perl: "my $p = pack('l', 50); attempt('sched_setscheduler', 0, 1, $p); $! = 0; told('nice', setpriority(0, 0, -5)); attempt('ioprio_set', 1, 0, (1 << 13));",
  },
  {
    name: 'higher hard limits',
    perl: "my $l = pack('QQ', 1 << 40, 1 << 40); attempt('prlimit64', 0, 7, $l, 0); attempt('prlimit64', 0, 8, $l, 0);",
  },
  {
    name: 'being spared by the OOM killer',
    shell:
      "(echo -500 >/proc/self/oom_score_adj) 2>&1 | sed 's/.*/refused &/'; (echo -1 >/proc/1/oom_score_adj) 2>&1 | sed 's/.*/refused &/'",
  },
  {
    name: 'what Ctrl-Alt-Del does on the host',
    perl: "attempt('reboot', 0xfee1dead, 672274793, 0x89abcdef, 0);",
  },
];
