/** A large house for measurements: stopped instances with snapshots, written as documents. */
import type { InstanceDoc, SnapshotDoc } from '../../src/core/model.ts';
import { keys } from '../../src/core/model.ts';
import type { Change } from '../../src/core/ports/store.ts';
import type { World } from './house.ts';

export async function fillWorld(world: World, options: { instances: number; snapshotsEach: number }): Promise<void> {
  for (let index = 0; index < options.instances; index += 1) {
    const doc = instanceDoc(index);
    const changes: Change[] = [{ put: keys.instance(doc.id), value: doc }];
    for (let number = 0; number < options.snapshotsEach; number += 1) {
      const snapshot = snapshotDoc(doc, number);
      changes.push({ put: keys.snapshot(doc.id, snapshot.id), value: snapshot });
    }
    await world.store.commit(changes);
  }
}

const idOf = (number: number) => number.toString(16).padStart(12, '0');

function instanceDoc(index: number): InstanceDoc {
  return {
    id: idOf(index + 1),
    name: `c${index}`,
    project: 'default',
    type: 'container',
    architecture: 'x86_64',
    description: '',
    ephemeral: false,
    stateful: false,
    profiles: ['default'],
    config: {
      'image.architecture': 'x86_64',
      'image.description': 'busybox conformance image',
      'image.name': 'bb-x86_64',
      'image.os': 'busybox',
      'image.release': '1',
      'limits.memory': '128MiB',
      'volatile.base_image': '6c28e4e7d0af1c544ee777d3364a4807cb244e000b38fe5276c7f59e8122d9e0',
      'volatile.cloud-init.instance-id': '1f0c9d2e-0000-4000-8000-000000000000',
      'volatile.eth0.hwaddr': '10:66:6a:59:a7:29',
      'volatile.uuid': '1f0c9d2e-0000-4000-8000-000000000000',
      'volatile.uuid.generation': '1f0c9d2e-0000-4000-8000-000000000000',
    },
    devices: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    lastUsedAt: '2026-01-01T00:00:00.000Z',
    pool: 'default',
    idBase: 1_100_000_000 + index * 65536,
    phase: 'stopped',
  };
}

function snapshotDoc(instance: InstanceDoc, number: number): SnapshotDoc {
  const { architecture, config, devices, profiles, ephemeral, lastUsedAt } = instance;
  return {
    id: idOf(number + 1),
    instance: instance.id,
    name: `snap${number}`,
    description: '',
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '',
    state: { architecture, config, devices, profiles, ephemeral, lastUsedAt },
  };
}
