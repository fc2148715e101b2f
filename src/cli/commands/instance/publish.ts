import { any, defineCommand, flag, list, required } from '../../command.ts';
import { changeStates } from '../../objects/change-state.ts';
import { releaseAliases } from '../../objects/image-aliases.ts';
import { fetchInstance, splitSnapshot } from '../../objects/instances.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const publish = defineCommand({
  name: 'publish',
  group: 'images',
  summary: 'Make an image of a guest or snapshot',
  args: { source: required('instance[/snapshot]', 'instance'), properties: any('key=value') },
  options: {
    alias: list('--alias <name>', 'alias of the image (may be repeated)'),
    public: flag('--public', 'for clients that are not trusted too'),
    force: flag('-f, --force', 'stop a running guest for it and start it again'),
    reuse: flag('--reuse', 'take aliases away from older images'),
  },
  examples: [
    ['gast publish web --alias my-web', 'of a stopped guest'],
    ['gast publish web/v1 --alias web-v1', 'of a snapshot'],
  ],
  async run(context, { args, options }) {
    const { instance, snapshot } = splitSnapshot(args.source);
    const { status, type } = await fetchInstance(context, instance);
    const running = snapshot === undefined && status !== 'Stopped';
    const stopped = running && options.force;
    const change = (action: 'start' | 'stop', label: 'starting' | 'stopping') =>
      changeStates(context, { names: [instance], all: false, action, label });
    if (stopped) {
      const code = await change('stop', 'stopping');
      if (code !== 0) return code;
    }
    try {
      if (options.reuse) await releaseAliases(context, options.alias, type);
      const started = await context.client.start('POST /1.0/images', {
        body: {
          source: { type: snapshot === undefined ? 'instance' : 'snapshot', name: args.source, image_type: type },
          aliases: options.alias.map((name) => ({ name })),
          public: options.public,
          ...(args.properties.length > 0 ? { properties: parseKeyValues(args.properties) } : {}),
        },
      });
      const ended = await context.follow(context.texts('publishing', { name: args.source }), started);
      context.print(`${context.texts('published-as', { fingerprint: String(ended.metadata?.fingerprint ?? '') })}\n`);
    } catch (error) {
      if (stopped) await change('start', 'starting');
      throw error;
    }
    return stopped ? change('start', 'starting') : 0;
  },
});
