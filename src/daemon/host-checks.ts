/** Checks of the host for `doctor`: tried, not guessed from versions. */
import { closeSync, existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Check } from '../api/resources/server.ts';
import { uefiRefusal } from '../engines/qemu/firmware.ts';
import { tpmProgram } from '../engines/qemu/models.ts';
import { cgroupAdvice } from '../host/cgroup-advice.ts';
import type { CgroupMounts } from '../host/cgroup-mounts.ts';
import { ownNamespaces } from '../host/own-namespaces.ts';
import { userFacts } from '../host/user-facts.ts';
import { openUserNamespace } from '../host/userns.ts';
import { missingMachineTools } from '../images/debian/machine-disk.ts';
import { userChecks } from './user-checks.ts';

export async function hostChecks(known: {
  lxcfs: { mounted: boolean; reason?: string };
  groups: CgroupMounts;
  runDirectory: string;
}): Promise<Check[]> {
  const controllers = ownNamespaces() ? lentChecks(known.groups) : controllerChecks();
  const ofUser = ownNamespaces() ? userChecks(await userFacts(known.runDirectory)) : [];
  const rows = [lxcfsCheck(known.lxcfs), await namespaceCheck(), ...controllers, await spaceCheck()];
  return [...rows, ...machineToolsCheck(), ...ofUser];
}

/** What only some machines need, where there are machines at all. */
function machineToolsCheck(): Check[] {
  if (!existsSync('/usr/bin/qemu-system-x86_64')) return [];
  const name = 'parts of machines';
  const lacking = [
    { what: 'UEFI', packages: uefiRefusal(false) === undefined ? [] : ['ovmf'] },
    { what: 'a TPM', packages: existsSync(tpmProgram) ? [] : ['swtpm'] },
    { what: 'building images of machines', packages: missingMachineTools() },
  ].filter(({ packages }) => packages.length > 0);
  if (lacking.length === 0) return [{ name, status: 'ok', found: 'UEFI, TPM, and what builds their images', help: '' }];
  return [
    {
      name,
      status: 'warning',
      found: `not there: ${lacking.map(({ what }) => what).join(', ')}`,
      help: `apt install ${lacking.flatMap(({ packages }) => packages).join(' ')}`,
    },
  ];
}

function lxcfsCheck(lxcfs: { mounted: boolean; reason?: string }): Check {
  if (lxcfs.mounted)
    return { name: 'lxcfs', status: 'ok', found: 'guests see their own memory, CPUs and uptime', help: '' };
  return {
    name: 'lxcfs',
    status: 'warning',
    found: lxcfs.reason ?? 'not mounted',
    help: 'apt-get install lxcfs, then restart gasthofd',
  };
}

async function namespaceCheck(): Promise<Check> {
  const name = 'user namespaces';
  try {
    const outside = ownNamespaces() ? 0 : 1_700_000_000;
    closeSync(await openUserNamespace([{ inside: 0, outside, count: 1 }], { creator: outside }));
    return { name, status: 'ok', found: 'an ordinary id can make one', help: '' };
  } catch (error) {
    return {
      name,
      status: 'failed',
      found: (error as Error).message,
      help: 'sysctl kernel.unprivileged_userns_clone=1',
    };
  }
}

const uses: Record<string, string> = {
  cpu: 'limits.cpu.allowance',
  cpuset: 'limits.cpu',
  memory: 'limits.memory',
  pids: 'limits.processes',
};

/** For an ordinary user: what is delegated, and what an administrator has to do for the rest. */
function lentChecks({ kind, controllers }: CgroupMounts): Check[] {
  const uid = ownNamespaces()?.uid ?? 0;
  const rows = [
    ...Object.entries(uses).map(([name, key]) => ({ controller: name, name, without: `${key} is refused` })),
    {
      controller: kind === 'v2' ? '' : 'name=systemd',
      name: 'of systemd guests',
      without: 'guests whose init is systemd are refused',
    },
  ];
  const lacking = rows.filter(({ controller }) => !controllers.has(controller));
  return rows.map((row): Check => {
    const name = `cgroup ${row.name}`;
    if (!lacking.includes(row))
      return { name, status: 'ok', found: `version ${kind === 'v2' ? 2 : 1}, delegated to this user`, help: '' };
    // The same lines help with all of them, and are said once.
    const help = row === lacking[0] ? cgroupAdvice(uid) : `the lines of cgroup ${lacking[0]?.name} help here, too`;
    return { name, status: 'warning', found: `not delegated; ${row.without}`, help };
  });
}

/** A controller is usable when its hierarchy is mounted (v1) or offered (v2). */
function controllerChecks(): Check[] {
  const root = '/sys/fs/cgroup';
  const v2 = existsSync(`${root}/cgroup.controllers`);
  const offered = v2 ? readFileSync(`${root}/cgroup.controllers`, 'utf8').trim().split(' ') : [];
  return Object.entries(uses).map(([controller, key]): Check => {
    const there = v2 ? offered.includes(controller) : existsSync(`${root}/${controller}`);
    const name = `cgroup ${controller}`;
    if (there) return { name, status: 'ok', found: v2 ? 'version 2' : 'version 1', help: '' };
    const help =
      controller === 'memory' ? 'boot the kernel with cgroup_enable=memory' : `mount the ${controller} hierarchy`;
    return { name, status: 'warning', found: `not there; ${key} is refused`, help };
  });
}

async function spaceCheck(): Promise<Check> {
  const run = await statfs('/run');
  const freeBytes = run.bavail * run.bsize;
  if (freeBytes > 16 * 1024 * 1024) return { name: '/run', status: 'ok', found: 'has room', help: '' };
  return { name: '/run', status: 'warning', found: 'is nearly full', help: 'find what fills /run: du -x /run' };
}
