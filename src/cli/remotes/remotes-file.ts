/** The servers that a person knows by name: a file in the configuration directory, beside their certificates and the own key. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from '../cli-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type Remote = {
  url: string;
  protocol: 'incus' | 'unix' | 'simplestreams';
  /** Read images without being trusted. */
  public: boolean;
  project?: string;
};
export type Remotes = { default: string; remotes: Record<string, Remote> };

/** The daemon on this host. */
export const local = 'local';
const localRemote: Remote = { url: 'unix://', protocol: 'unix', public: false };
/** Known without being added, as in incus; adding one of that name takes its place. */
export const builtIn: Readonly<Record<string, Remote>> = {
  images: { url: 'https://images.linuxcontainers.org', protocol: 'simplestreams', public: true },
};

export function configDirectory(env: Environment): string | undefined {
  if (env.GASTHOF_CONF) return env.GASTHOF_CONF;
  if (env.XDG_CONFIG_HOME) return `${env.XDG_CONFIG_HOME}/gasthof`;
  return env.HOME ? `${env.HOME}/.config/gasthof` : undefined;
}

/** No file: only `local`. A damaged one is told, because names would mean other servers without it. */
export function readRemotes(env: Environment): Remotes {
  const directory = configDirectory(env);
  const text = directory === undefined ? undefined : readOptional(join(directory, 'remotes.json'));
  const stored = text === undefined ? { default: local, remotes: {} } : parse(text, directory ?? '');
  return { default: stored.default, remotes: { ...builtIn, ...stored.remotes, [local]: localRemote } };
}

export type Server = { name: string; remote: Remote };

/** The one that the words name, or GASTHOF_REMOTE, or the default. */
export function chooseServer(
  { remotes, default: chosen }: Remotes,
  named: string | undefined,
  env: Environment,
): Server {
  const name = named ?? (env.GASTHOF_REMOTE || chosen);
  const remote = Object.hasOwn(remotes, name) ? remotes[name] : undefined;
  if (remote === undefined) throw new CliError(`The remote "${name}" doesn't exist`, { help: 'gast remote list' });
  return { name, remote };
}

export function writeRemotes(env: Environment, { default: chosen, remotes }: Remotes): void {
  const { [local]: _ours, ...named } = remotes;
  const others = Object.fromEntries(Object.entries(named).filter(([name, remote]) => remote !== builtIn[name]));
  writePrivate(fileIn(env, 'remotes.json'), `${JSON.stringify({ default: chosen, remotes: others }, undefined, 2)}\n`);
}

/** PEM text of the certificate that a remote is known by; undefined when an authority vouches for it. */
export function readPin(env: Environment, name: string): string | undefined {
  return readOptional(fileIn(env, `servercerts/${name}.crt`));
}

export function writePin(env: Environment, name: string, certificate: string | undefined): void {
  const file = fileIn(env, `servercerts/${name}.crt`);
  if (certificate === undefined) rmSync(file, { force: true });
  else writePrivate(file, certificate);
}

export function fileIn(env: Environment, name: string): string {
  const directory = configDirectory(env);
  if (directory === undefined)
    throw new CliError('There is no home directory for the configuration', { help: 'set GASTHOF_CONF to a directory' });
  return join(directory, name);
}

export function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CliError(`Cannot read ${file}: ${(error as Error).message}`);
  }
}

/** In one move, so that a call beside this one reads the old or the new file. */
export function writePrivate(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, file);
}

function parse(text: string, directory: string): Remotes {
  try {
    const { default: chosen, remotes } = JSON.parse(text) as Partial<Remotes>;
    if (typeof chosen === 'string' && typeof remotes === 'object' && remotes !== null)
      return { default: chosen, remotes };
  } catch {
    // Said below.
  }
  throw new CliError(`${directory}/remotes.json is damaged`, {
    help: 'repair it, or delete it and add the remotes again',
  });
}
