/** The floor: the same guest by bare crun, with a user namespace and an empty network namespace, without limits. */
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGround, type Ground } from './ground.ts';
import { runQuietly } from './sample.ts';

export type Floor = AsyncDisposable & {
  launch(name: string): Promise<void>;
  exec(name: string): Promise<void>;
  /** Only sends the signal. */
  stop(name: string): Promise<void>;
  delete(name: string): Promise<void>;
};

export async function createFloor(directory: string, rootfsTar: string): Promise<Floor> {
  const ground = await createGround();
  const onGround = (words: readonly string[], stream?: number) => {
    const [program = '', ...rest] = [...ground.words, ...words];
    return runQuietly(program, rest, stream === undefined ? {} : { stream });
  };
  const state = join(directory, 'crun');
  const bundle = join(directory, 'bundle');
  const root = join(directory, 'root');
  mkdirSync(root, { recursive: true });
  mkdirSync(bundle, { recursive: true });
  await runQuietly('tar', ['-C', root, '--exclude=./dev/*', '-xf', rootfsTar]);
  await onGround(['chown', '-R', `${ground.firstId}:${ground.firstId}`, root]);
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config(root, ground)));
  // crun gives its standard streams to the guest's root: it must not have the host's /dev/null as one.
  const stream = openSync(join(directory, 'streams'), 'a+');
  const crun = (...args: string[]) =>
    onGround(['crun', '--root', state, `--cgroup-manager=${ground.cgroupManager}`, ...args], stream);
  // crun names the cgroup after the container, so that the name has to be one of ours alone.
  const own = (name: string) => `bench-crun-${process.pid}-${name}`;
  const running = new Set<string>();
  const remove = async (name: string) => {
    await crun('delete', '--force', own(name));
    running.delete(name);
  };
  return {
    launch: async (name) => {
      running.add(name);
      await crun('run', '--detach', '--bundle', bundle, own(name));
    },
    exec: (name) => crun('exec', own(name), '/bin/true'),
    stop: (name) => crun('kill', own(name), 'KILL'),
    delete: remove,
    async [Symbol.asyncDispose]() {
      for (const name of [...running]) await remove(name).catch(() => {});
      closeSync(stream);
      ground[Symbol.dispose]();
    },
  };
}

function config(rootfs: string, { firstId, ids }: Ground) {
  const map = [{ containerID: 0, hostID: firstId, size: ids }];
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
