/**
 * What an administrator has to do so that an ordinary user's guests get control groups: the exact lines, chosen by what this
 * host looks like.
 */
import { existsSync } from 'node:fs';
import { preparedGroup } from './cgroup-lent.ts';
import { type CgroupMounts, findCgroupMounts } from './cgroup-mounts.ts';

/** Groups are gone after it. The script is packaging/gasthof-users. */
const eachBoot = 'after each boot, or by the script that gast autostart enable installs, as root';

export function cgroupAdvice(uid: number, mounts: CgroupMounts = findCgroupMounts()): string {
  const group = preparedGroup(uid);
  if (mounts.kind !== 'v2') return `${eachBoot}: ${preparedLines(mounts, uid, group)}; then start gasthofd anew`;
  if (existsSync('/run/systemd/system'))
    return (
      'as root: mkdir -p /etc/systemd/system/user@.service.d && ' +
      "printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > /etc/systemd/system/user@.service.d/delegate.conf && " +
      `systemctl daemon-reload && loginctl enable-linger ${uid}; then start gasthofd in a new session`
    );
  const root = mounts.roots[0] ?? '/sys/fs/cgroup';
  const path = `${root}/${group}`;
  return (
    `${eachBoot}: mkdir -p ${path} && echo '+cpu +cpuset +memory +pids' > ${root}/cgroup.subtree_control; ` +
    `chown ${uid}:${uid} ${path} ${path}/cgroup.procs ${path}/cgroup.subtree_control ${path}/cgroup.threads && ` +
    `echo PID > ${path}/cgroup.procs, where PID is the shell that then starts gasthofd`
  );
}

/** All hierarchies at once, that of systemd included, also where nobody mounted it. */
function preparedLines(mounts: CgroupMounts, uid: number, group: string): string {
  const systemd = '/sys/fs/cgroup/systemd';
  const lacks = !mounts.controllers.has('name=systemd');
  const mount = lacks ? `mkdir -p ${systemd} && mount -t cgroup -o none,name=systemd cgroup ${systemd}; ` : '';
  const roots = [...mounts.roots, ...(lacks ? [systemd] : [])].join(' ');
  return (
    `${mount}for h in ${roots}; do g=$h/${group}; mkdir -p $g; ` +
    // Nobody can join a group without CPUs and memory nodes.
    '[ ! -f $g/cpuset.cpus ] || for f in cpuset.cpus cpuset.mems; do cat $h/$f > $g/$f; done; ' +
    `chown ${uid}:${uid} $g $g/cgroup.procs $g/tasks; done`
  );
}
