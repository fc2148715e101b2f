/**
 * A probe is one attempt of a guest's root to get out: a script of shell or Perl and what has to come of it. Probes are
 * harmless where they succeed: files are opened for writing but not written, calls get arguments that cannot work.
 */
import assert from 'node:assert/strict';
import type { Client } from '../../../src/client/client.ts';
import { type Outcome, perl, shell } from './inside.ts';

/** Facts about the world outside that scripts find as `$NAME`. */
export type Outside = Record<string, string>;

export type Probe = {
  name: string;
  /** Where the neighbour's image lacks Perl, and where a shell says it better. */
  shell?: string;
  /** Has `attempt`, `writable`, `%nr` and `$outside{NAME}` of the prelude. */
  perl?: string;
  /** The whole output, errors included, has to match. @default every line says "refused" or "nothing" */
  expect?: RegExp;
};

const refusedOnly = /^((refused|nothing)\b.*\n)+$/;

export async function tryProbe(client: Client, guest: string, probe: Probe, outside: Outside): Promise<void> {
  const outcome = await run(client, guest, probe, outside);
  const text = outcome.stdout + outcome.stderr;
  assert.match(text, probe.expect ?? refusedOnly, `exit code ${outcome.exitCode}`);
}

function run(client: Client, guest: string, probe: Probe, outside: Outside): Promise<Outcome> {
  const facts = Object.entries(outside);
  if (probe.shell !== undefined)
    return shell(client, guest, facts.map(([name, value]) => `${name}='${value}'\n`).join('') + probe.shell);
  return perl(client, guest, perlProgram(probe.perl ?? '', outside));
}

/** A Perl script with the prelude and what is known of the world outside. */
export function perlProgram(script: string, outside: Outside): string {
  const table = Object.entries(outside).map(([name, value]) => `'${name}', '${value}'`);
  return `${prelude()}\nour %outside = (${table.join(', ')});\n${script}`;
}

/** Numbers of system calls, [x86-64, arm64]; those from 424 on are alike everywhere. */
const numbers: Record<string, [x64: number, arm64: number]> = {
  mount: [165, 40],
  umount2: [166, 39],
  chroot: [161, 51],
  setns: [308, 268],
  unshare: [272, 97],
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  syslog: [103, 116],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  fanotify_init: [300, 262],
  fanotify_mark: [301, 263],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  quotactl_fd: [443, 443],
  lookup_dcookie: [212, 18],
  socket: [41, 198],
  socketpair: [53, 199],
  bind: [49, 200],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  shmget: [29, 194],
  msgget: [68, 186],
  semget: [64, 190],
  mq_open: [240, 180],
  mknodat: [259, 33],
  setxattr: [188, 5],
  sched_setscheduler: [144, 119],
  ioprio_set: [251, 30],
  prlimit64: [302, 261],
  inotify_init1: [294, 26],
  pidfd_open: [434, 434],
  fsopen: [430, 430],
  open_tree: [428, 428],
  mlock: [149, 228],
  personality: [135, 92],
};

const architecture = process.arch === 'arm64' ? 1 : 0;

/** Perl that tells each attempt in one line: `refused NAME: ERRNO`, or `POSSIBLE NAME`. */
const prelude = () => `use strict; use Errno; use Fcntl; $| = 1;
our %nr = (${Object.entries(numbers)
  .map(([name, pair]) => `${name} => ${pair[architecture]}`)
  .join(', ')});
sub errno { my ($name) = grep { $!{$_} } keys %!; return $name // "errno $!" }
sub told { my ($name, $possible) = @_; print $possible ? "POSSIBLE $name\\n" : "refused $name: " . errno() . "\\n" }
sub call { my ($name, @arguments) = @_; return syscall($nr{$name}, @arguments) }
sub attempt { my ($name, @arguments) = @_; $! = 0; told($name, syscall($nr{$name}, @arguments) >= 0) }
sub writable { my ($path) = @_; $! = 0; my $possible = sysopen(my $file, $path, O_WRONLY | O_NONBLOCK); told("writing $path", $possible) }
sub readable { my ($path) = @_; $! = 0; my ($file, $byte); my $possible = sysopen($file, $path, O_RDONLY | O_NONBLOCK) && defined sysread($file, $byte, 1); told("reading $path", $possible) }
sub make_node { my ($type, $major, $minor) = @_; my $path = "/tmp/node-$major-$minor"; unlink $path; $! = 0;
  told("making the device $type $major:$minor", call('mknodat', -100, $path, ($type eq 'b' ? 0060666 : 0020666), ($major << 8) | $minor) >= 0); unlink $path }
sub mounting { my ($type, $source, $options) = @_; mkdir '/tmp/place'; $! = 0;
  my $possible = call('mount', $source // 'none', '/tmp/place', $type, 0, $options // '') >= 0;
  told("mounting $type", $possible); call('umount2', '/tmp/place', 2) if $possible }
`;
