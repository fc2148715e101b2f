import type { EventType } from '../../../api/resources/events.ts';
import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, list, text } from '../../command.ts';
import { eventLine } from '../../objects/event-line.ts';
import { toYaml } from '../../output/yaml.ts';

const eventFormats = ['yaml', 'json', 'pretty'];

export const monitor = defineCommand({
  name: 'monitor',
  group: 'server',
  summary: 'Follow what happens, until Ctrl-C',
  args: {},
  options: {
    type: list('-t, --type <type>', 'lifecycle, operation or logging (may be repeated)', [
      'lifecycle',
      'operation',
      'logging',
    ]),
    pretty: flag('--pretty', 'one readable line for each event'),
    format: text('-f, --format <format>', 'yaml, json (one line each) or pretty', eventFormats),
    allProjects: flag('--all-projects', 'of all projects'),
    since: text('--since <sequence>', 'begin after this sequence number, as far as the server remembers'),
  },
  examples: [
    ['gast monitor --pretty', 'readable'],
    ['gast monitor --type lifecycle --format json', 'for programs'],
  ],
  async run(context, { options }) {
    const format = options.pretty ? 'pretty' : (options.format ?? (context.isTerminal ? 'pretty' : 'yaml'));
    if (!eventFormats.includes(format)) throw usageError(`Unknown format "${format}"`, eventFormats.join(', '));
    const stop = new AbortController();
    const interrupted = () => stop.abort();
    process.once('SIGINT', interrupted);
    const events = context.client.events({
      types: options.type.flatMap((word) => word.split(',')) as EventType[],
      allProjects: options.allProjects,
      since: sequenceOf(options.since),
      signal: stop.signal,
    });
    try {
      for await (const event of events) {
        if (format === 'json') context.print(`${JSON.stringify(event)}\n`);
        else if (format === 'pretty') context.print(`${eventLine(event)}\n`);
        else context.print(`${await toYaml(event)}\n`);
      }
    } finally {
      process.off('SIGINT', interrupted);
    }
  },
});

function sequenceOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (!/^\d+$/.test(given)) throw usageError(`--since ${given} is no sequence number`);
  return Number(given);
}
