import { defineCommand, flag, required, text } from '../../command.ts';
import { readGuestWord } from '../../objects/between-servers.ts';
import { connect } from '../../objects/remote-image.ts';
import { bringVolume } from '../../objects/travelling-volume.ts';
import { splitPlace } from '../../objects/volumes.ts';

export const volumeCopy = defineCommand({
  name: 'storage volume copy',
  aliases: ['storage volume cp'],
  group: 'network-storage',
  summary: 'Copy a custom volume, or a snapshot of one, also to another pool or server',
  args: {
    source: required('[remote:]pool/volume'),
    target: required('[remote:]pool/volume'),
  },
  options: {
    volumeOnly: flag('--volume-only', 'without its snapshots'),
    refresh: flag('--refresh', 'bring an older copy up to date'),
    refreshExcludeOlder: flag(
      '--refresh-exclude-older',
      'with --refresh: no snapshots older than the newest copied one',
    ),
    targetProject: text('--target-project <project>', 'project of the copy', 'project'),
    mode: text('--mode <mode>', 'between servers: pull (the default), push or relay', ['pull', 'push', 'relay']),
  },
  examples: [
    ['gast storage volume copy default/data fast/data', ''],
    ['gast storage volume copy default/data/snap0 default/old', 'what it was at a snapshot'],
    ['gast storage volume copy default/data otto:default/data', 'to the server that is known as otto'],
  ],
  imageFirst: true,
  async run(context, { args, options }) {
    const { image: from, elsewhere } = readGuestWord(context, args.source);
    if (elsewhere) {
      using other = await connect(context, elsewhere.name, elsewhere.remote);
      await bringVolume(context, {
        source: other,
        from,
        to: args.target,
        mode: options.mode,
        project: options.targetProject,
        options: {
          volume_only: options.volumeOnly,
          refresh: options.refresh,
          refresh_exclude_older: options.refreshExcludeOlder,
        },
      });
      return;
    }
    const [source, target] = [splitPlace(from), splitPlace(args.target)];
    const started = await context.client.start('POST /1.0/storage-pools/{pool}/volumes/{type}', {
      params: { pool: target.pool, type: 'custom' },
      query: options.targetProject === undefined ? undefined : { project: options.targetProject },
      body: {
        name: target.name,
        type: 'custom',
        source: {
          type: 'copy',
          ...source,
          volume_only: options.volumeOnly,
          refresh: options.refresh,
          refresh_exclude_older: options.refreshExcludeOlder,
          ...(context.project === undefined ? {} : { project: context.project }),
        },
      },
    });
    await context.follow(context.texts('copying', { name: args.source }), started);
  },
});
