/** /proc/PID/stat of the kernel (proc(5)). */

/** `startTicks`: field 22, clock ticks after boot. */
export type ProcessStat = { state: string; startTicks: number; parent: number };

export function parseProcessStat(text: string): ProcessStat {
  // The command name in parentheses may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? 'X', parent: Number(fields[1]), startTicks: Number(fields[19]) };
}

/** A zombie has ended; nobody has waited for it yet. */
export const hasEnded = ({ state }: ProcessStat): boolean => state === 'Z' || state === 'X';
