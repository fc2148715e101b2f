/** The same work for all that a call names, side by side. */
import { ClientError } from '../../client/client-error.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import type { Context } from '../context.ts';

/** One failure does not keep the others from being done; each is told by name. */
export async function forEachNamed(
  context: Context,
  names: readonly string[],
  work: (name: string) => Promise<void>,
): Promise<number> {
  const [only] = names;
  if (names.length === 1 && only !== undefined) {
    await work(only);
    return exitCodes.ok;
  }
  const results = await Promise.allSettled(names.map(work));
  const failures = results.flatMap((result, i) =>
    result.status === 'rejected' ? [{ name: names[i], reason: result.reason }] : [],
  );
  for (const { name, reason } of failures) {
    if (!(reason instanceof ClientError || reason instanceof CliError)) throw reason;
    context.streams.stderr.write(`${context.texts('error')}: ${name}: ${reason.message}\n`);
    if (reason.help) context.streams.stderr.write(`  ${context.texts('try')}: ${reason.help}\n`);
  }
  return failures.length > 0 ? exitCodes.refused : exitCodes.ok;
}
