/** The person's own ssh, with a way to the guest that needs no network between here and there. */
import { spawn } from 'node:child_process';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { dialGuest, isNobodyThere, mustRun } from './guest-port.ts';

const port = 22;
/** What ssh ends with when it failed itself. */
const ownFailure = 255;

export async function runSsh(context: Context, target: string, words: readonly string[]): Promise<number> {
  const at = target.lastIndexOf('@');
  const [user, guest] = [target.slice(0, Math.max(at, 0)), target.slice(at + 1)];
  await mustRun(context, guest);
  const code = await run('ssh', [...sshOptions(context, guest), ...userWords(user, words), guest, ...words]);
  if (code === ownFailure) await explain(context, guest);
  return code;
}

/** One guest is another than one of the same name elsewhere: their keys are kept apart. */
function sshOptions({ server, project }: Context, guest: string): string[] {
  const alias = ['gast', server.name, ...(project ? [project] : []), guest].join('-');
  const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  const inProject = project ? ['--project', project] : [];
  const words = [...program, 'forward', '--quiet', ...inProject, '--stdio', `${server.name}:${guest}`, String(port)];
  // The reason of a failure is told afterwards, once.
  const command = `exec ${words.map(quoted).join(' ')} 2>/dev/null`;
  return ['-o', `ProxyCommand=${command}`, '-o', `HostKeyAlias=${alias}`];
}

/** For the shell, and % is a sign of ssh's own. */
const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`).replaceAll('%', '%%')}'`;

/** As `gast shell`: root, unless somebody says otherwise. */
function userWords(user: string, words: readonly string[]): string[] {
  if (user !== '') return ['-l', user];
  return words.some((word) => /^-l|^-oUser=|^User=/.test(word)) ? [] : ['-l', 'root'];
}

async function run(program: string, words: readonly string[]): Promise<number> {
  const child = spawn(program, words, { stdio: 'inherit' });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', (error: NodeJS.ErrnoException) =>
    reject(
      error.code === 'ENOENT'
        ? new CliError(`There is no ${program} on this computer`, { help: 'apt-get install openssh-client' })
        : error,
    ),
  );
  child.once('exit', (code, signal) => resolve(code ?? (signal ? 128 : ownFailure)));
  // Ctrl-C is for the program inside; it must not end us before ssh has given the terminal back.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    return await promise;
  } finally {
    process.off('SIGINT', ignore);
  }
}

/** ssh has said what it thinks of it; perhaps there is simply no server. */
async function explain(context: Context, guest: string): Promise<void> {
  try {
    (await dialGuest(context, { guest, port })).destroy();
  } catch (error) {
    if (!isNobodyThere(error)) throw error;
    throw new CliError(`No ssh server answers in ${guest}`, {
      help: `gast exec ${guest} -- apt-get install -y openssh-server; without one: gast shell ${guest}`,
      exitCode: ownFailure,
    });
  }
}
