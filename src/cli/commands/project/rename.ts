import { defineCommand, required } from '../../command.ts';

export const projectRename = defineCommand({
  name: 'project rename',
  group: 'server',
  summary: 'Rename a project that is empty',
  args: { project: required('project', 'project'), newName: required('new-name') },
  options: {},
  examples: [['gast project rename shop store', '']],
  async run(context, { args }) {
    const started = await context.client.start('POST /1.0/projects/{name}', {
      params: { name: args.project },
      body: { name: args.newName },
    });
    await context.follow(context.texts('renaming', { name: args.project }), started);
  },
});
