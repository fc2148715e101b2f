import type { InstanceFull } from '../../../api/resources/instances.ts';
import { CliError, usageError } from '../../cli-error.ts';
import { defineCommand, flag, optional, text } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { Process } from '../../objects/instance-report.ts';
import { fieldOf, instanceReport } from '../../objects/instance-report.ts';
import { fetchInstance } from '../../objects/instances.ts';
import { resourcesReport } from '../../objects/resources-report.ts';
import { serverReport } from '../../objects/server-report.ts';
import { type Column, printObject, printRows } from '../../output/print-rows.ts';
import { printable } from '../../output/text-width.ts';
import { formatBytes } from '../../output/units.ts';
import { whichDaemon } from '../../own-daemon/which-daemon.ts';

export const info = defineCommand({
  name: 'info',
  group: 'guests',
  summary: 'Show state, addresses, use of CPU, memory, disk and network; without a name, of the server',
  args: { instance: optional('instance', 'instance') },
  options: {
    processes: flag('--processes', 'also its processes, with their ids inside and outside'),
    resources: flag('--resources', 'what the server has: processors, memory, disks and cards'),
    showLog: flag('--show-log', 'also its log'),
    format: text('-f, --format <format>', 'json or yaml instead of text', ['json', 'yaml']),
    field: text('--field <path>', 'only one field, like state.memory.usage'),
  },
  examples: [
    ['gast info web', 'all about web'],
    ['gast info web --processes', 'with its processes'],
    ['gast info web --field state.pid', 'one value for a script'],
    ['gast info', 'the server'],
    ['gast info --resources', 'its hardware'],
  ],
  async run(context, { args, options }) {
    const name = args.instance;
    if (options.resources) return printResources(context, name, options.format);
    const value = name === undefined ? await context.client.call('GET /1.0') : await fetchInstance(context, name);
    if (options.field !== undefined) return printField(context, value, options.field);
    if (options.format !== undefined) return printObject(context, options.format, value);
    if (name === undefined || !('expanded_config' in value)) {
      const report = serverReport(await context.client.call('GET /1.0'));
      const { which, others } = whichDaemon(context) ?? { which: undefined, others: [] };
      const lines = [...(which ? [`Daemon: ${which}`] : []), ...others.map((other) => `Also there: ${other}`)];
      return context.print(report + lines.map((line) => `${line}\n`).join(''));
    }
    // Names of network cards are chosen inside.
    context.print(printable(instanceReport(value, Date.now())));
    if (options.processes) await printProcesses(context, name);
    if (options.showLog) await printLog(context, value);
  },
});

async function printResources(context: Context, instance: string | undefined, format: string | undefined) {
  if (instance !== undefined) throw usageError('--resources is about the server, not about a guest');
  const resources = await context.client.call('GET /1.0/resources');
  if (format !== undefined) return printObject(context, format, resources);
  context.print(printable(resourcesReport(resources)));
}

function printField(context: Context, value: unknown, path: string): void {
  const found = fieldOf(value, path);
  if (found === undefined)
    throw new CliError(`There is no field "${path}"`, { help: 'gast info NAME --format yaml shows all' });
  context.print(`${printable(typeof found === 'object' ? JSON.stringify(found) : String(found))}\n`);
}

const columns: Column<Process>[] = [
  { header: 'PID', value: ({ pid }) => String(pid) },
  { header: 'HOST PID', value: (process) => String(process.host_pid) },
  { header: 'UID', value: ({ uid }) => String(uid) },
  { header: 'MEMORY', value: ({ memory }) => formatBytes(memory) },
  { header: 'COMMAND', value: ({ command }) => command },
];

async function printProcesses(context: Context, name: string): Promise<void> {
  const processes = await context.client.call('GET /1.0/instances/{name}/processes', { params: { name } });
  context.print('\nProcesses:\n');
  await printRows(context, 'compact', columns, processes);
}

async function printLog(context: Context, { name, type }: Pick<InstanceFull, 'name' | 'type'>): Promise<void> {
  const answer = await context.client.raw('GET /1.0/instances/{name}/logs/{file}', {
    params: { name, file: type === 'virtual-machine' ? 'qemu.log' : 'lxc.log' },
  });
  context.print('\nLog:\n\n');
  for await (const part of answer) context.streams.stdout.write(part);
}
