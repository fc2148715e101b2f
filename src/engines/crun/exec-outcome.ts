/** What came of a `crun exec`, pure: from its exit code and what it wrote to its own log. */
import { HostError } from '../../lib/host-error.ts';

/** It ran, and its terminal went away under crun. */
const ranAlready = /^copy (from|to) terminal/;
const shellCodes = { notExecutable: 126, notFound: 127 };

/** crun 1.8 ends with 255 and 1.28 with 1 when the command could not be started; only its log tells why. */
export function execOutcome(exitCode: number, log: string): number {
  const said = messages(log);
  if (exitCode === 0 || said === '') return exitCode;
  if (/executable file .* not found|No such file or directory|Not a directory/i.test(said)) return shellCodes.notFound;
  if (/Permission denied|Exec format error|Is a directory/i.test(said)) return shellCodes.notExecutable;
  if (ranAlready.test(said)) return exitCode;
  throw new HostError(`the command could not be started: ${said}`, { exitCode });
}

/** What crun wrote to its log tells of a command that never ran. */
export function wasNotStarted(log: string): boolean {
  const said = messages(log);
  return said !== '' && !ranAlready.test(said);
}

/** Lines `{"msg": ..., "level": "error"}`. */
function messages(log: string): string {
  const texts = log.split('\n').flatMap((line) => {
    try {
      const { msg, level } = JSON.parse(line) as { msg?: unknown; level?: unknown };
      return typeof msg === 'string' && level === 'error' ? [msg] : [];
    } catch {
      return [];
    }
  });
  return texts.join(' / ').slice(0, 600);
}
