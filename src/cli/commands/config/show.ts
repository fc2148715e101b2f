import { defineCommand, flag, optional, text } from '../../command.ts';
import { pick } from '../../objects/editable.ts';
import { fetchInstance, splitSnapshot } from '../../objects/instances.ts';
import { printObject } from '../../output/print-rows.ts';

const shown = [
  'architecture',
  'config',
  'devices',
  'ephemeral',
  'profiles',
  'stateful',
  'description',
  'created_at',
  'name',
  'type',
];

export const configShow = defineCommand({
  name: 'config show',
  group: 'settings',
  summary: 'Show config and devices of a guest, of a snapshot, or the config of the server, as YAML',
  args: { instance: optional('instance[/snapshot]', 'instance') },
  options: {
    expanded: flag('-e, --expanded', 'with what the profiles give'),
    format: text('-f, --format <format>', 'yaml or json', ['yaml', 'json']),
  },
  examples: [
    ['gast config show web --expanded', 'what is in effect'],
    ['gast config show', 'the server'],
  ],
  async run(context, { args, options }) {
    const format = options.format ?? 'yaml';
    if (args.instance === undefined)
      return printObject(context, format, { config: (await context.client.call('GET /1.0')).config });
    const { instance, snapshot } = splitSnapshot(args.instance);
    const value =
      snapshot === undefined
        ? await fetchInstance(context, instance)
        : await context.client.call('GET /1.0/instances/{name}/snapshots/{snapshot}', {
            params: { name: instance, snapshot },
          });
    const expanded = options.expanded
      ? { config: value.expanded_config ?? {}, devices: value.expanded_devices ?? {} }
      : {};
    await printObject(context, format, pick({ ...value, ...expanded }, shown));
  },
});
