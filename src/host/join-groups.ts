/** Words and environment that start a program inside control groups: it joins them itself (libexec/join-groups). */
import { libexec } from './libexec.ts';

export function joinGroups(groups: readonly string[], [program = '', ...words]: readonly string[]) {
  const env: Record<string, string> = { GASTHOF_GROUPS: groups.join('\n'), GASTHOF_RUNTIME: program };
  return { words: [libexec('join-groups'), ...words], env };
}
