import type { Check } from '../../../api/resources/server.ts';
import { exitCodes } from '../../cli-error.ts';
import { defineCommand, text } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';
import { paint, usesUnicode } from '../../output/terminal-style.ts';

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
      return context.client.call('GET /1.0/doctor');
    })();
    const code = checks.some(({ status }) => status === 'failed') ? exitCodes.refused : exitCodes.ok;
    if (options.format !== undefined) {
      await printObject(context, options.format, checks);
      return code;
    }
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

const colours = { ok: 'green', warning: 'yellow', failed: 'red' } as const satisfies Record<Check['status'], string>;
const marks = (unicode: boolean): Record<Check['status'], string> =>
  unicode ? { ok: '✓', warning: '!', failed: '✗' } : { ok: 'ok  ', warning: 'warn', failed: 'FAIL' };
