/** A daemon for isolation tests, with secrets of the host and of guests lying about for probes to find. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gasthofd, importImage, launch, startDaemon } from '../../daemon.ts';
import { shell } from './inside.ts';
import type { Outside } from './probe.ts';

export type House = Awaited<ReturnType<typeof openHouse>>;

const ipcKey = '0x67617374';

/** The daemon runs with a session keyring that holds a key, as it would below a login or a service manager. */
const withKeyring = (file: string) => `#!/usr/bin/perl
my $name = 'host-session'; syscall(${process.arch === 'arm64' ? 219 : 250}, 1, $name);
my ($type, $description, $payload) = ('user', 'host-secret', 'host-session-payload');
my $key = syscall(${process.arch === 'arm64' ? 217 : 248}, $type, $description, $payload, 20, -3);
open(my $file, '>', '${file}'); print $file $key; close $file;
shmget(${ipcKey}, 4096, 0666 | 01000); msgget(${ipcKey}, 0666 | 01000); semget(${ipcKey}, 1, 0666 | 01000);
my $queue = 'secret-queue'; syscall(${process.arch === 'arm64' ? 180 : 240}, $queue, 0102, 0666, 0);
exec '${gasthofd}';
`;

export async function openHouse() {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'gast-outside-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const keyFile = join(directory, 'key');
  const program = join(directory, 'gasthofd');
  writeFileSync(program, withKeyring(keyFile), { mode: 0o755 });
  const nonce = randomBytes(4).toString('hex');
  const secretProcess = spawn('perl', ['-e', 'sleep 100000', 'secret-process'], { stdio: 'ignore' });
  stack.defer(() => void secretProcess.kill('SIGKILL'));
  const server = createServer().listen(`\0secret-socket-host-${nonce}`);
  stack.defer(() => void server.close());
  const secret = join(directory, 'secret');
  writeFileSync(secret, 'secret', { mode: 0o644 });
  stack.defer(removeIpc);
  const daemon = stack.use(await startDaemon({ program }));
  await importImage(daemon, 'debian12', 'debian');
  await importImage(daemon, 'busybox', 'busybox');
  const { dev } = statSync('/');
  const outside: Outside = {
    SECRET_FILE: secret,
    DIRECTORY: daemon.directory,
    STAGE: daemon.names.stage,
    CGROUP_PARENT: daemon.names.cgroupParent,
    HOST_PID: String(secretProcess.pid),
    HOST_NAMESPACES: readdirSync('/proc/self/ns')
      .map((kind) => readlinkSync(`/proc/self/ns/${kind}`))
      .join(' '),
    ROOT_MAJOR: String((dev >> 8) & 0xfff),
    ROOT_MINOR: String((dev & 0xff) | ((dev >> 12) & 0xfff00)),
    IPC_KEY: ipcKey,
    NONCE: nonce,
    KEY: execFileSync('cat', [keyFile], { encoding: 'utf8' }),
  };
  const owned = stack.move();
  return {
    client: daemon.client,
    daemon,
    outside,
    launch: (name: string, image: string, body: Record<string, unknown> = {}) => launch(daemon, name, image, body),
    /** A process and a file; its kernel objects are those that its image can make. */
    plantSecrets: (name: string) =>
      shell(daemon.client, name, 'echo secret >/root/secret; sh -c "sleep 100000; : secret-process" >/dev/null 2>&1 &'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function removeIpc() {
  const ids = `shmget(${ipcKey},0,0),0,0);msgctl(msgget(${ipcKey},0),0,0);semctl(semget(${ipcKey},0,0),0,0,0)`;
  const queue = `;my $q='secret-queue';syscall(${process.arch === 'arm64' ? 181 : 241},$q)`;
  execFileSync('perl', ['-e', `shmctl(${ids}${queue}`]);
}
