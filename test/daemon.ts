/**
 * A real daemon for tests, in a directory of its own, started as users start it (bin/gasthofd). It has to be used inside
 * the laboratory. Disposing deletes its guests, ends it and what outlives it, and removes its directory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { type Client, createClient } from '../src/client/client.ts';
import { clearDaemon } from './clear-daemon.ts';
import { namesOf } from './own-namespaces.ts';
import { tested } from './tested.ts';

const root = join(import.meta.dirname, '..');
export const gasthofd = join(root, 'bin/gasthofd');
export const gast = join(root, 'bin/gast');
export const testImages = join(root, '.cache/test-images');

/** Why such tests cannot run here, false when they can. */
export const lacking = (): string | false =>
  process.env.LAB_INSIDE === '1' ? false : 'needs the laboratory: tools/lab node --test ...';

export type TestDaemon = AsyncDisposable & {
  directory: string;
  client: Client;
  readonly names: ReturnType<typeof namesOf>;
  readonly pid: number;
  /** Environment for `bin/gast` and foreign clients. */
  env: Record<string, string>;
  log(): string;
  /** Ends the daemon alone; guests run on. Resolves when it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it (again) and waits until it answers. `env` reaches the new process. */
  start(env?: Record<string, string>): Promise<void>;
};

export async function startDaemon(
  options: { program?: string; env?: Record<string, string> } = {},
): Promise<TestDaemon> {
  const directory = mkdtempSync(join(tmpdir(), 'gast-'));
  const env = { PATH: process.env.PATH ?? '', GASTHOF_DIR: directory, ...tested };
  const logFile = join(directory, 'test.log');
  const client = createClient({ socketPath: join(directory, 'unix.socket') });
  let child: ChildProcess | undefined;

  const start = async (extra: Record<string, string> = {}) => {
    const started = spawn('/bin/sh', ['-c', `exec "$0" >>${logFile} 2>&1`, options.program ?? gasthofd], {
      env: { ...env, ...options.env, ...extra, PATH: env.PATH, LAB_INSIDE: '1' },
      stdio: 'ignore',
    });
    child = started;
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline && started.exitCode === null && started.signalCode === null) {
      if (
        await client.call('GET /internal/ready').then(
          () => true,
          () => false,
        )
      )
        return;
      await setTimeout(25);
    }
    throw new Error(`the daemon did not start:\n${readFileSync(logFile, 'utf8')}`);
  };
  const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    await gone;
  };
  const clear = async () => {
    await end();
    client[Symbol.dispose]();
    await clearDaemon(directory);
  };
  // One that does not start leaves nothing either.
  await start().catch(async (error: unknown) => {
    await clear();
    throw error;
  });
  return {
    directory,
    client,
    env,
    get names() {
      return namesOf(directory);
    },
    get pid() {
      return child?.pid ?? -1;
    },
    log: () => readFileSync(logFile, 'utf8'),
    end,
    start,
    async [Symbol.asyncDispose]() {
      await deleteEverything(client).catch(() => {});
      await clear();
    },
  };
}

async function deleteEverything(client: Client): Promise<void> {
  for (const url of (await client.call('GET /1.0/projects')) as string[]) {
    const name = decodeURIComponent(url.split('/').at(-1) ?? '');
    if (name !== 'default')
      await client.call('DELETE /1.0/projects/{name}', { params: { name }, query: { force: '1' } }).catch(() => {});
  }
  const instances = (await client.call('GET /1.0/instances', { query: { recursion: '1' } })) as {
    name: string;
    status: string;
  }[];
  for (const { name, status } of instances) {
    if (status !== 'Stopped')
      await client.operation('PUT /1.0/instances/{name}/state', {
        params: { name },
        body: { action: 'stop', force: true },
      });
    await client.operation('DELETE /1.0/instances/{name}', { params: { name } }).catch(() => {});
  }
  await client.call('PUT /1.0/profiles/{name}', { params: { name: 'default' }, body: { devices: {} } }).catch(() => {});
  const networks = (await client.call('GET /1.0/networks', { query: { recursion: '1' } })) as {
    name: string;
    managed: boolean;
  }[];
  for (const { name, managed } of networks)
    if (managed) await client.call('DELETE /1.0/networks/{name}', { params: { name } });
}

/** Adds one of the test images under an alias; another description makes it another image. */
export async function importImage(
  daemon: Pick<TestDaemon, 'client'>,
  name: 'debian12' | 'sysvinit' | 'busybox',
  alias: string,
  description: string = name,
): Promise<void> {
  const boundary = 'gasthof-test-image';
  const part = (field: string) =>
    `\r\n--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${field}.tar"\r\n\r\n`;
  async function* body() {
    yield Buffer.from(part('metadata').slice(2));
    yield metadataTar(description);
    yield Buffer.from(part('rootfs'));
    yield* createReadStream(join(testImages, `${name}.tar`));
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }
  await daemon.client.operation('POST /1.0/images', {
    upload: Readable.from(body()),
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'X-Incus-aliases': `alias=${encodeURIComponent(alias)}`,
    },
  } as never);
}

/** A tar archive with one file, metadata.yaml. */
function metadataTar(description: string): Buffer {
  const content = Buffer.from(
    `architecture: ${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}\ncreation_date: 1700000000\nproperties:\n  description: ${description}\n`,
  );
  const header = Buffer.alloc(512);
  header.write('metadata.yaml', 0);
  header.write('0000644\x000000000\x000000000\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('14524770400\0', 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc(512 - (content.length % 512)), Buffer.alloc(1024)]);
}

export async function launch(
  daemon: TestDaemon,
  name: string,
  alias: string,
  body: Record<string, unknown> = {},
): Promise<void> {
  await daemon.client.operation('POST /1.0/instances', {
    body: { name, source: { type: 'image', alias }, start: true, ...body } as never,
  });
}
