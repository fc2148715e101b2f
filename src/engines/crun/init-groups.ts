/**
 * Whether the init of a guest can live here. systemd makes control groups for what it starts and ends at once when it
 * may not: an ordinary user to whom nothing is delegated is told so before anything is made.
 */
import { readlinkSync } from 'node:fs';
import type { GuestSpec } from '../../core/ports/engine.ts';
import type { Cgroups } from '../../host/cgroup.ts';
import { cgroupAdvice } from '../../host/cgroup-advice.ts';
import { descriptorPath, openInside, openPath, openRootDirectory } from '../../host/openat.ts';
import { ownNamespaces } from '../../host/own-namespaces.ts';
import { HostError } from '../../lib/host-error.ts';
import { initSystemOf } from './init-systems.ts';
import { defaultInit } from './oci-config.ts';

export function checkInitGroups(cgroups: Cgroups, spec: Pick<GuestSpec, 'id' | 'rootfs' | 'init'>): void {
  const own = ownNamespaces();
  if (cgroups.isDivisible || own === undefined) return;
  const [program = ''] = spec.init ?? defaultInit;
  const init = initSystemOf(executable(spec.rootfs, program));
  if (!init.dividesGroups) return;
  throw new HostError(
    `guest ${spec.id} is run by ${init.name}, which needs a control group of its own, and none is delegated to this user`,
    { errno: 'EPERM', help: cgroupAdvice(own.uid) },
  );
}

/** Links are followed as inside. What is not there is told by the runtime. */
function executable(rootfs: string, program: string): string {
  try {
    using root = openRootDirectory(rootfs);
    using found = openInside(root, program, openPath);
    return readlinkSync(descriptorPath(found));
  } catch (error) {
    if (error instanceof HostError) return program;
    throw error;
  }
}
