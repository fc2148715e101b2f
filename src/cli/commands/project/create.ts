import { usageError } from '../../cli-error.ts';
import { defineCommand, list, required, text } from '../../command.ts';
import { parseKeyValues } from '../../objects/key-values.ts';
import { fromYaml } from '../../output/yaml.ts';
import { isWholeFile, readAll } from '../../terminal/read-all.ts';

export const projectCreate = defineCommand({
  name: 'project create',
  group: 'server',
  summary: 'Create a project: guests, images, profiles and volumes of its own',
  args: { project: required('project') },
  options: {
    description: text('--description <text>', 'description'),
    config: list('-c, --config <key=value>', 'config key (may be repeated)'),
  },
  examples: [
    ['gast project create shop', ''],
    ['gast project create shop -c features.images=false -c limits.instances=5', 'with the images of default'],
    ['gast project create shop < shop.yaml', 'from a file'],
  ],
  async run(context, { args, options }) {
    const given = isWholeFile(0) ? await fromYaml(await readAll(context.streams.stdin)) : {};
    if (typeof given !== 'object') throw usageError('The text on stdin is no YAML object');
    const base = (given ?? {}) as { config?: Record<string, string>; description?: string };
    const { project: name } = args;
    await context.client.call('POST /1.0/projects', {
      body: {
        name,
        description: options.description ?? base.description ?? '',
        config: { ...base.config, ...parseKeyValues(options.config) },
      },
    });
    context.say(context.texts('project-created', { name }));
  },
});
