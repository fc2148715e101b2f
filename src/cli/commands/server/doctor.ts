import type { Check } from '../../../api/resources/server.ts';
import { CliError, exitCodes } from '../../cli-error.ts';
import { defineCommand, text } from '../../command.ts';
import type { Context } from '../../context.ts';
import { printObject } from '../../output/print-rows.ts';
import { paint, usesUnicode } from '../../output/terminal-style.ts';
import { whichDaemon } from '../../own-daemon/which-daemon.ts';

export const doctor = defineCommand({
  name: 'doctor',
  group: 'server',
  summary: 'Check by trying what this computer can do, and say what helps',
  details: 'The exit code is 1 when a check failed.',
  args: {},
  options: { format: text('-f, --format <format>', 'json or yaml instead of text', ['json', 'yaml']) },
  examples: [['gast doctor', '']],
  async run(context, { options }) {
    const checks = await (async () => {
      using _task = context.task(context.texts('checking'));
      try {
        return await context.client.call('GET /1.0/doctor');
      } catch (error) {
        return withoutDaemon(context, error);
      }
    })();
    const code = checks.some(({ status }) => status === 'failed') ? exitCodes.refused : exitCodes.ok;
    if (options.format !== undefined) {
      await printObject(context, options.format, checks);
      return code;
    }
    const daemon = whichDaemon(context);
    if (daemon)
      checks.unshift({
        name: 'daemon',
        status: 'ok',
        found: [daemon.which, ...daemon.others].join('; also there: '),
        help: '',
      });
    const unicode = usesUnicode(context.env);
    const width = Math.max(0, ...checks.map(({ name }) => name.length));
    for (const { name, status, found, help } of checks) {
      context.print(
        `${paint(colours[status], marks(unicode)[status], context.colour)} ${name.padEnd(width)}  ${found}\n`,
      );
      if (status !== 'ok' && help) context.print(`  ${' '.repeat(width)}  ${context.texts('try')}: ${help}\n`);
    }
    return code;
  },
});

/** Of an ordinary user's own daemon that cannot be started: what it would find. */
async function withoutDaemon({ env }: Context, error: unknown): Promise<Check[]> {
  if (!(error instanceof CliError) || error.exitCode !== exitCodes.unreachable) throw error;
  const { installed, runProgram } = await import('../../own-daemon/run-program.ts');
  const { code, stdout } = await runProgram(installed('bin/gasthofd'), ['--check-host'], { env, timeoutMs: 30_000 });
  if (code !== 0) throw error;
  const found = error.message.replace(/\n\s*/g, '; ');
  return [...JSON.parse(stdout), { name: 'start of the daemon', status: 'failed', found, help: error.help ?? '' }];
}

const colours = { ok: 'green', warning: 'yellow', failed: 'red' } as const satisfies Record<Check['status'], string>;
const marks = (unicode: boolean): Record<Check['status'], string> =>
  unicode ? { ok: '✓', warning: '!', failed: '✗' } : { ok: 'ok  ', warning: 'warn', failed: 'FAIL' };
