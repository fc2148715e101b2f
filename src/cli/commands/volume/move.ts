import { defineCommand, required, text } from '../../command.ts';
import { readGuestWord } from '../../objects/between-servers.ts';
import { connect } from '../../objects/remote-image.ts';
import { bringVolume } from '../../objects/travelling-volume.ts';
import { splitPlace, volumeParams } from '../../objects/volumes.ts';

export const volumeMove = defineCommand({
  name: 'storage volume move',
  aliases: ['storage volume mv'],
  group: 'network-storage',
  summary: 'Move a custom volume to another pool or server, with its snapshots; devices that name it follow',
  args: {
    source: required('[remote:]pool/volume'),
    target: required('[remote:]pool/volume'),
  },
  options: {
    targetProject: text('--target-project <project>', 'project to move it to', 'project'),
    mode: text('--mode <mode>', 'between servers: pull (the default), push or relay', ['pull', 'push', 'relay']),
  },
  examples: [
    ['gast storage volume move default/data fast/data', ''],
    ['gast storage volume move default/data otto:default/data', 'to the server that is known as otto'],
  ],
  imageFirst: true,
  async run(context, { args, options }) {
    const { image: from, elsewhere } = readGuestWord(context, args.source);
    if (elsewhere) {
      using other = await connect(context, elsewhere.name, elsewhere.remote);
      const { mode, targetProject: project } = options;
      await bringVolume(context, { source: other, from, to: args.target, mode, project, options: {} });
      const { pool, name } = splitPlace(from);
      const path = 'DELETE /1.0/storage-pools/{pool}/volumes/{type}/{volume}';
      await other.call(path, { params: volumeParams(pool, name) });
      return;
    }
    const [source, target] = [splitPlace(from), splitPlace(args.target)];
    const asked = await context.client.call('POST /1.0/storage-pools/{pool}/volumes/{type}/{volume}', {
      params: volumeParams(source.pool, source.name),
      body: {
        ...target,
        ...(options.targetProject === undefined ? {} : { project: options.targetProject }),
      },
    });
    // In the same pool it is a change of the name, which is done at once.
    if (asked !== null) await context.follow(context.texts('moving', { name: args.source }), asked as never);
  },
});
