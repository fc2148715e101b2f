import { defineCommand, required, text } from '../../command.ts';
import { splitPlace, volumeParams } from '../../objects/volumes.ts';

export const volumeMove = defineCommand({
  name: 'storage volume move',
  aliases: ['storage volume mv'],
  group: 'network-storage',
  summary: 'Move a custom volume to another pool, with its snapshots; devices that name it follow',
  args: { source: required('pool/volume'), target: required('pool/volume') },
  options: { targetProject: text('--target-project <project>', 'project to move it to', 'project') },
  examples: [['gast storage volume move default/data fast/data', '']],
  async run(context, { args, options }) {
    const [source, target] = [splitPlace(args.source), splitPlace(args.target)];
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
