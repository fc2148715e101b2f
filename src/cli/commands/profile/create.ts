import { usageError } from '../../cli-error.ts';
import { defineCommand, list, required, text } from '../../command.ts';
import { parseDevices, parseKeyValues } from '../../objects/key-values.ts';
import { fromYaml } from '../../output/yaml.ts';
import { isWholeFile, readAll } from '../../terminal/read-all.ts';

export const profileCreate = defineCommand({
  name: 'profile create',
  group: 'settings',
  summary: 'Create a profile',
  args: { profile: required('profile') },
  options: {
    description: text('--description <text>', 'description'),
    config: list('-c, --config <key=value>', 'config key (may be repeated)', 'config-key'),
    device: list('-d, --device <device,key=value>', 'key of a device (may be repeated)'),
  },
  examples: [
    ['gast profile create small -c limits.memory=256MiB', ''],
    ['gast profile create web < web.yaml', 'from a file'],
  ],
  async run(context, { args, options }) {
    const given = isWholeFile(0) ? await fromYaml(await readAll(context.streams.stdin)) : {};
    if (typeof given !== 'object') throw usageError('The text on stdin is no YAML object');
    const base = (given ?? {}) as { config?: Record<string, string>; devices?: Record<string, Record<string, string>> };
    await context.client.call('POST /1.0/profiles', {
      body: {
        ...base,
        name: args.profile,
        config: { ...base.config, ...parseKeyValues(options.config) },
        devices: { ...base.devices, ...parseDevices(options.device) },
        ...(options.description === undefined ? {} : { description: options.description }),
      },
    });
  },
});
