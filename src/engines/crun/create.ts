/** Making a guest: bundle, user namespace, volumes, conmon and crun, limits. All of it, or nothing is left. */
import { closeSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { GuestSpec } from '../../core/ports/engine.ts';
import { mapOf } from '../../core/ports/id-range.ts';
import type { Cgroups } from '../../host/cgroup.ts';
import { chargedId } from '../../host/guest-shares.ts';
import { lxcfsServes } from '../../host/lxcfs.ts';
import { openUserNamespace } from '../../host/userns.ts';
import { HostError } from '../../lib/host-error.ts';
import { checkInitGroups } from './init-groups.ts';
import type { Layout } from './layout.ts';
import { renderConfig } from './oci-config.ts';
import { addPart } from './parts.ts';
import { writeRecord } from './record.ts';
import { removeGuest } from './remove.ts';
import { stageRoot } from './stage.ts';
import { createSupervised, type Programs } from './supervisor.ts';

export type CreateNeeds = { layout: Layout; cgroups: Cgroups; programs: Programs; lxcfsDirectory: string | undefined };

export async function createGuest(needs: CreateNeeds, spec: GuestSpec, signal?: AbortSignal): Promise<number> {
  const { layout, cgroups } = needs;
  signal?.throwIfAborted();
  if (existsSync(layout.bundle(spec.id)))
    throw new HostError(`guest ${spec.id} exists already`, { errno: 'EEXIST', help: 'remove it first' });
  const refusal = cgroups.refusal(spec.limits, spec.id);
  if (refusal !== undefined) throw new HostError(refusal);
  checkInitGroups(cgroups, spec);
  try {
    return await make(needs, spec, signal);
  } catch (error) {
    await removeGuest(layout, cgroups, spec.id);
    throw error;
  }
}

async function make(needs: CreateNeeds, spec: GuestSpec, signal?: AbortSignal): Promise<number> {
  const { layout, cgroups, programs, lxcfsDirectory } = needs;
  mkdirSync(layout.persist(spec.id), { recursive: true, mode: 0o700 });
  writeRecord(layout, spec);
  const namespace = await openUserNamespace(mapOf(spec.range), {
    creator: chargedId(spec.range, spec.id),
    ...(signal ? { signal } : {}),
  });
  try {
    const stage = layout.stage(spec.id);
    using _stage = stageRoot(spec, stage);
    const lxcfs =
      lxcfsDirectory !== undefined && (await lxcfsServes(lxcfsDirectory, cgroups.mounts)) ? lxcfsDirectory : undefined;
    const config = renderConfig(
      { ...spec, rootfs: stage },
      {
        userNamespace: `/proc/${process.pid}/fd/${namespace}`,
        cgroupPath: cgroups.path(spec.id),
        ...(lxcfs ? { lxcfs } : {}),
      },
    );
    writeFileSync(layout.config(spec.id), JSON.stringify(config));
    const pid = await createSupervised(layout, programs, { id: spec.id, groups: cgroups.prepare(spec.id) }, signal);
    cgroups.apply(spec.id, spec.limits);
    cgroups.delegate(spec.id, spec.range.base);
    // Later than the mounts of the kernel's file systems, so that a part may be below /dev or /run.
    for (const part of spec.parts) await addPart(needs, spec.id, spec.range, part);
    signal?.throwIfAborted();
    return pid;
  } finally {
    closeSync(namespace);
  }
}
