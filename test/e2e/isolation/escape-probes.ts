/** Files, mounts, processes, control groups and kernel objects of the host and of other guests. */
import type { Probe } from './probe.ts';

const mounts = (name: string, ...types: [type: string, source?: string, options?: string][]): Probe => ({
  name,
  perl: types
    .map(([type, source = 'none', options = '']) => `mounting('${type}', '${source}', '${options}');`)
    .join('\n'),
});

export const fileProbes: Probe[] = [
  {
    name: 'files of the host through /proc/PID/root, cwd and fd',
    shell: `for process in /proc/[0-9]* /proc/self; do
        for way in root cwd root/.. cwd/../../../.. ; do [ -e $process/$way$SECRET_FILE ] && echo POSSIBLE $process/$way; done
        for file in $process/fd/*; do [ -e $file/..$SECRET_FILE ] || [ -e $file/../../../../..$SECRET_FILE ] && echo POSSIBLE $file; done
      done; echo nothing`,
  },
  {
    name: 'files of the host by leaving a chroot',
    perl: `mkdir '/tmp/jail'; opendir(my $outside, '/'); chdir '/'; call('chroot', '/tmp/jail');
      syscall(${process.arch === 'arm64' ? 50 : 81}, fileno($outside)); chdir '..' for 1 .. 64; call('chroot', '.');
      print -e "$outside{SECRET_FILE}" ? "POSSIBLE\\n" : "nothing\\n";`,
  },
  {
    name: 'files of the host below the root mount',
    shell: `unshare -m sh -c "umount -l / 2>/dev/null; cd /; cd ..; [ -e $SECRET_FILE ] && echo POSSIBLE; echo nothing"`,
  },
  {
    name: 'files by handle',
    perl: "my $h = pack('Ll', 8, 1) . \"\\0\" x 128; attempt('open_by_handle_at', -100, $h, 0);",
  },
  {
    name: 'disks of the host (device number of its root)',
    perl: 'make_node("b", $outside{ROOT_MAJOR}, $outside{ROOT_MINOR});',
  },
  mounts(
    'file systems on disks',
    ['ext4', '/dev/sda1'],
    ['btrfs', '/dev/vda'],
    ['squashfs', '/root/x'],
    ['xfs', '/dev/vda'],
    ['vfat', '/dev/sda1'],
  ),
  mounts(
    'file systems of other machines',
    ['9p', 'host', 'trans=virtio'],
    ['virtiofs', 'host'],
    ['nfs', '127.0.0.1:/'],
    ['cifs', '//127.0.0.1/x'],
  ),
  mounts(
    'debugfs, tracefs, securityfs',
    ['debugfs'],
    ['tracefs'],
    ['securityfs'],
    ['pstore'],
    ['efivarfs'],
    ['configfs'],
    ['devtmpfs'],
    ['hugetlbfs-'],
    ['nsfs'],
    ['fusectl'],
  ),
  {
    name: 'FUSE without its device',
    perl: "mounting('fuse', 'x', 'fd=0,rootmode=40000,user_id=0,group_id=0'); readable('/dev/fuse'); make_node('c', 10, 229);",
  },
  { name: 'loop devices', perl: "readable('/dev/loop-control'); readable('/dev/loop0'); make_node('b', 7, 0);" },
  {
    name: 'what a second /proc shows without the masks',
    perl: `mkdir '/tmp/proc'; my $nested = syscall($nr{unshare}, 0x00020000) == 0 && call('mount', 'proc', '/tmp/proc', 'proc', 0, 0) == 0;
      my $proc = $nested ? '/tmp/proc' : '/proc';
      readable("$proc/$_") for qw(kcore timer_list kmsg sys/kernel/cad_pid); writable("$proc/$_") for qw(sysrq-trigger sys/kernel/core_pattern irq/default_smp_affinity);
      open(my $keys, '<', "$proc/keys"); print grep { /host-secret/ } <$keys>; print "nothing\\n" unless -e "$proc/1/root$outside{SECRET_FILE}";`,
  },
  {
    name: 'a second /proc without the masks, in a nested user namespace',
    shell: `unshare -Urmpf sh -c 'mkdir -p /tmp/place2; mount -t proc x /tmp/place2 2>&1 && echo POSSIBLE' | sed 's/^mount/refused mount/; /dmesg/d'`,
  },
  {
    name: 'disks and debugfs from a nested user namespace',
    shell: `unshare -Urm sh -c 'for type in debugfs tracefs securityfs ext4 devtmpfs; do mount -t $type none /mnt 2>/dev/null && echo POSSIBLE $type; done
      mknod /tmp/nested b 8 0 2>/dev/null && echo POSSIBLE mknod; head -c1 /proc/kcore 2>/dev/null && echo POSSIBLE kcore; echo nothing'`,
  },
  {
    name: 'more ids than its own, by a map of a nested namespace',
    perl: `pipe(my $r, my $w); my $child = fork; if (!$child) { call('unshare', 0x10000000); syswrite $w, 'x'; sleep 60; exit } sysread $r, my $byte, 1;
      for my $map ("0 65536 1", "0 4294967294 1", "0 0 100000") { open(my $file, '>', "/proc/$child/uid_map"); $! = 0; told("map $map", defined syswrite($file, $map)) } kill 9, $child;`,
  },
  {
    name: 'files owned by ids outside of the guest’s',
    shell: `touch /tmp/mine; chown 70000 /tmp/mine 2>&1 | sed 's/^/refused /'; chown 0 /sys/power 2>&1 | sed 's/^/refused /'`,
  },
  {
    name: 'marks of overlayfs that lead to other files of the layers',
    perl: `open(my $f, '>', '/tmp/marked'); for my $name ('trusted.overlay.redirect', 'trusted.overlay.opaque', 'trusted.overlay.metacopy', 'security.ima') {
      my $value = '/../../..'; $! = 0; told($name, call('setxattr', '/tmp/marked', $name, $value, length $value, 0) == 0) }`,
  },
  {
    name: 'paths of the host in the list of mounts',
    shell: `cat /proc/*/mountinfo /proc/*/mounts 2>/dev/null | grep -F -e "$DIRECTORY" -e "$STAGE" | sed 's/^/POSSIBLE /'; echo nothing`,
  },
  {
    name: 'changes of the shared image: the layers below',
    shell: `for path in /proc/self/mountinfo; do grep -o 'lowerdir=[^, ]*' $path; grep -o 'upperdir=[^, ]*' $path; done | grep -v '/proc/self/fd\\|^[a-z]*dir=[a-z0-9]*$' | sed 's/^/SEEN /'; echo nothing`,
  },
];

export const processProbes: Probe[] = [
  {
    name: 'processes of the host and of others in /proc and ps',
    shell: `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -E 'gastho[f]d|conmo[n]|secre[t]-process' | sed 's/^/POSSIBLE /'; ps ax 2>/dev/null | grep -E 'gastho[f]d|secre[t]-process'; echo nothing`,
  },
  {
    name: 'signals to anybody outside of its own list of processes',
    perl: `my %own; for (glob '/proc/[0-9]*/task/[0-9]*') { m{(\\d+)$}; $own{$1} = 1 } my $found = 0;
      for my $pid (1 .. 40000) { next if $own{$pid}; next unless kill 0, $pid; next if -e "/proc/$pid"; $found++; print "POSSIBLE $pid\\n" } print "nothing\\n" unless $found;`,
  },
  {
    name: 'ptrace and memory of processes outside',
    perl: `my $pid = $outside{HOST_PID}; if (-e "/proc/$pid") { print "nothing\\n"; exit }
      attempt('ptrace', 16, int $pid, 0, 0); my $buffer = ' ' x 8; my $local = pack('PQ', $buffer, 8); attempt('process_vm_readv', int $pid, $local, 1, $local, 1, 0); attempt('pidfd_open', int $pid, 0);`,
  },
  {
    name: 'its init has no parent and no other number',
    shell: 'grep -E "^(PPid|NSpid):" /proc/1/status',
    expect: /^PPid:\t0\nNSpid:\t1\n$/,
  },
  {
    name: 'the namespaces around its own',
    perl: `for my $kind ('user', 'pid') { open(my $ns, '<', "/proc/self/ns/$kind"); my $zero = 0; $! = 0; told("parent of $kind", defined ioctl($ns, 0xb702, $zero)) }
      open(my $net, '<', '/proc/self/ns/net'); $! = 0; my $owner = ioctl($net, 0xb701, my $z = 0);
      if (defined $owner) { open(my $user, '<&=', $owner + 0); $! = 0; told('parent of the owner', defined ioctl($user, 0xb702, my $y = 0)) }`,
  },
  {
    name: 'all namespaces are its own',
    shell: `for kind in cgroup ipc mnt net pid user uts; do a=$(readlink /proc/1/ns/$kind); case " $HOST_NAMESPACES " in *" $a "*) echo POSSIBLE $a;; esac; done; echo nothing`,
  },
  {
    name: 'the terminal of others by TIOCSTI',
    perl: `sysopen(my $console, '/dev/console', O_RDWR | O_NOCTTY | O_NONBLOCK); my $c = 'x'; $! = 0; my @s = stat '/dev/console'; my @p = stat '/dev/pts';
      print $s[0] == $p[0] ? "nothing: the console is its own\\n" : "POSSIBLE console of another devpts\\n";`,
  },
  {
    name: 'System V memory, queues and semaphores of others',
    perl: "my $key = hex $outside{IPC_KEY}; attempt('shmget', $key, 0, 0); attempt('msgget', $key, 0); attempt('semget', $key, 0, 0);",
  },
  {
    name: 'message queues of others',
    perl: "attempt('mq_open', 'secret-queue', 0, 0, 0); print -e '/dev/mqueue/secret-queue' ? qq(POSSIBLE\\n) : qq(nothing\\n);",
  },
  {
    name: 'abstract sockets of others',
    perl: `for my $name ('host', 'guest') { socket(my $s, 1, 1, 0); $! = 0; told("socket of $name", connect($s, pack('Sa*', 1, "\\0secret-socket-$name-$outside{NONCE}"))) }
      open(my $list, '<', '/proc/net/unix'); print grep { /secret-socket/ } <$list>;`,
  },
  {
    name: 'keys of others',
    perl: `for my $ring (-1, -2, -3, -4, -5, -6) { $! = 0; told("search of keyring $ring", call('keyctl', 10, $ring, 'user', 'host-secret', 0) >= 0) }
      $! = 0; told('request', call('request_key', 'user', 'host-secret', 0, 0) >= 0);
      $! = 0; told('key by number', syscall($nr{keyctl}, 6, int $outside{KEY}, my $text = ' ' x 200, 200) >= 0);
      open(my $list, '<', '/proc/keys'); print map { "SEEN $_" } grep { /host-secret/ } <$list>;`,
  },
  {
    name: 'session keyring of the host’s daemon',
    perl: `$! = 0; my $text = ' ' x 400; my $id = call('keyctl', 0, -3, 0); my $n = syscall($nr{keyctl}, 6, $id, my $description = ' ' x 200, 200); print $description =~ /host-session/ ? "POSSIBLE $description\\n" : "nothing\\n";`,
  },
  {
    name: 'socket families that no namespace confines (vsock among them)',
    perl: `for my $family (0 .. 50) { next if grep { $_ == $family } 1, 2, 10, 16, 17; for my $type (1, 2, 3) { $! = 0; my $possible = call('socket', $family, $type, 0) >= 0; told("family $family", $possible) if $possible || !$!{EAFNOSUPPORT} } } print "nothing\\n";`,
  },
  {
    name: 'names of the host and its time zone stay',
    shell: 'hostname 2>/dev/null || cat /proc/sys/kernel/hostname',
    expect: /^(alone|beside)\n$/,
  },
];

const groups = '/sys/fs/cgroup';

export const cgroupProbes: Probe[] = [
  {
    name: 'its own limits',
    perl: `writable("${groups}/$_") for grep { -e "${groups}/$_" } qw(memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus blkio/blkio.reset_stats memory.max pids.max cpu.max memory.swap.max cpu.weight); print "nothing\\n";`,
  },
  {
    name: 'devices it may open',
    perl: `for ('${groups}/devices/devices.allow', '${groups}/devices/devices.deny') { writable($_) if -e $_ } print "nothing\\n";`,
  },
  {
    name: 'a program run by the host when a group empties (release_agent)',
    perl: `for my $file (glob '${groups}/*/release_agent') { print "SEEN $file\\n" } mounting('cgroup', 'x', 'name=systemd,release_agent=/tmp/x'); mounting('cgroup', 'x', 'none,name=own$$,release_agent=/tmp/x');
      $! = 0; told('remount', call('mount', 'x', '${groups}/systemd', 'cgroup', 32, 'name=systemd,release_agent=/tmp/x') == 0);`,
  },
  {
    name: 'groups of others, through a fresh mount of the hierarchies',
    shell: `mkdir -p /tmp/group; for options in memory pids freezer name=systemd devices; do
        mount -t cgroup -o $options x /tmp/group 2>/dev/null || continue
        find /tmp/group/ -maxdepth 3 | grep -E "$CGROUP_PARENT|system.slice/gasthof" | sed 's/^/POSSIBLE /'; [ -e /tmp/group/release_agent ] && echo POSSIBLE root
        umount /tmp/group; done; echo nothing`,
  },
  {
    name: 'paths of the host in /proc/PID/cgroup',
    shell: `cat /proc/[0-9]*/cgroup 2>/dev/null | grep -F "$CGROUP_PARENT" | sed 's/^/POSSIBLE /'; cat /proc/[0-9]*/cgroup 2>/dev/null | grep -F '/..' | sed 's/^/POSSIBLE /'; echo nothing`,
  },
  {
    name: 'leaving its group for the one above',
    shell: `for root in ${groups}/memory ${groups}/pids ${groups}/freezer ${groups}/devices; do
        [ -d $root ] || continue; (echo $$ >$root/../cgroup.procs) 2>/dev/null && echo POSSIBLE $root/..; (echo $$ >$root/cgroup.procs) 2>/dev/null && echo POSSIBLE $root; mkdir $root/own 2>/dev/null && echo POSSIBLE mkdir $root; done; echo nothing`,
  },
  {
    name: 'freezing others',
    shell: `for file in ${groups}/freezer/freezer.state ${groups}/cgroup.freeze; do [ -e $file ] && (: >>$file) 2>/dev/null && echo POSSIBLE $file; done; echo nothing`,
  },
  {
    name: 'more by a nested cgroup namespace',
    shell: `unshare -C sh -c 'cat /proc/self/cgroup; mkdir -p /tmp/group; mount -t cgroup -o memory x /tmp/group 2>/dev/null && { ls -d /tmp/group/release_agent 2>/dev/null; umount /tmp/group; }' | grep -E "$CGROUP_PARENT|release_agent" | sed 's/^/POSSIBLE /'; echo nothing`,
  },
];
