/** The floor: the same guest by bare crun, with a user namespace and an empty network namespace, without limits. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './sample.ts';

export type Floor = {
  launch(name: string): Promise<void>;
  exec(name: string): Promise<void>;
  delete(name: string): Promise<void>;
};

/** `rootfs` must be owned by the ids 1000000 and up. */
export function createFloor(directory: string, rootfs: string): Floor {
  const state = join(directory, 'crun');
  const bundle = join(directory, 'bundle');
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config(rootfs)));
  const crun = (...args: string[]) => runQuietly('crun', ['--root', state, '--cgroup-manager=cgroupfs', ...args]);
  return {
    launch: (name) => crun('run', '--detach', '--bundle', bundle, name),
    exec: (name) => crun('exec', name, '/bin/true'),
    delete: (name) => crun('delete', '--force', name),
  };
}

function config(rootfs: string) {
  const map = [{ containerID: 0, hostID: 1_000_000, size: 65_536 }];
  return {
    ociVersion: '1.0.2',
    root: { path: rootfs },
    hostname: 'floor',
    process: {
      user: { uid: 0, gid: 0 },
      cwd: '/',
      args: ['/bin/sleep', '100000'],
      env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
      },
    ],
    linux: {
      uidMappings: map,
      gidMappings: map,
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'cgroup', 'user', 'network'].map((type) => ({ type })),
    },
  };
}
