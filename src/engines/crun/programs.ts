/** The programs that the container engine stands on, and whether guests can run on this host at all. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Cgroups } from '../../host/cgroup.ts';
import { joinGroups } from '../../host/join-groups.ts';
import { ownNamespaces } from '../../host/own-namespaces.ts';
import { baseEnvironment, run } from '../../host/run.ts';
import { HostError } from '../../lib/host-error.ts';
import type { Layout } from './layout.ts';
import type { Programs } from './supervisor.ts';

/** Full paths (conmon wants one) and crun's version; a missing program is told by `whyUnusable`. */
export async function findPrograms(options: {
  crun?: string;
  conmon?: string;
}): Promise<{ programs: Programs; version: string }> {
  const programs = { crun: options.crun ?? findProgram('crun'), conmon: options.conmon ?? findProgram('conmon') };
  const version = await run(programs.crun, ['--version']).then(
    ({ stdout }) => /crun version (\S+)/.exec(stdout)?.[1] ?? 'unknown',
    () => 'missing',
  );
  return { programs, version };
}

/** What comes first in every call of crun. */
export const crunOptions = (layout: Pick<Layout, 'runtime'>): string[] => [
  ...['--root', layout.runtime],
  // In groups that are lent to an ordinary user, who may not be everywhere, the engine itself puts processes where they belong.
  `--cgroup-manager=${ownNamespaces() ? 'disabled' : 'cgroupfs'}`,
];

/** The program to start for crun so that its processes are in these groups, and the environment that says which. */
export function joining(crun: string, groups: readonly string[]): { program: string; env: Record<string, string> } {
  if (groups.length === 0) return { program: crun, env: {} };
  const { words, env } = joinGroups(groups, [crun]);
  return { program: words.join(''), env };
}

export async function whyUnusable(programs: Programs, cgroups: Cgroups): Promise<string | undefined> {
  for (const program of Object.values(programs)) {
    try {
      await run(program, ['--version']);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return error.help === undefined ? error.message : `${error.message}: ${error.help}`;
    }
  }
  if (process.getuid?.() !== 0 && !ownNamespaces())
    return 'the container engine needs root, of the host or of a user namespace';
  // crun before 1.9 refuses to run beside a v2 hierarchy that has controllers of its own on a v1 host.
  if (cgroups.kind === 'hybrid' && cgroups.stranded.length > 0)
    return `cgroup v1 beside v2 with controllers (${cgroups.stranded.join(', ')}): start the daemon in a mount namespace without the v2 mount`;
  return undefined;
}

function findProgram(name: string): string {
  for (const directory of baseEnvironment.PATH.split(':')) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this one.
    }
  }
  return name;
}
