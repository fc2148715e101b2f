/** The project that `gast project switch` chose, remembered per user and per server. What cannot be read means none. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

function fileOf(env: Environment): string | undefined {
  const folder = env.GASTHOF_CONF ?? (env.XDG_CONFIG_HOME ? `${env.XDG_CONFIG_HOME}/gasthof` : undefined);
  if (folder) return `${folder}/projects.json`;
  return env.HOME ? `${env.HOME}/.config/gasthof/projects.json` : undefined;
}

function read(file: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof found === 'object' && found !== null ? { ...found } : {};
  } catch {
    return {};
  }
}

export function chosenProject(env: Environment, server: string): string | undefined {
  const file = fileOf(env);
  const found = file === undefined ? undefined : read(file)[server];
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** False when there is no home directory to remember it in. */
export function chooseProject(env: Environment, server: string, project: string): boolean {
  const file = fileOf(env);
  if (file === undefined) return false;
  const { [server]: _, ...others } = read(file);
  const next = project === 'default' ? others : { ...others, [server]: project };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // In one move, so that a call beside this one reads the old or the new file.
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(next, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, file);
  return true;
}
