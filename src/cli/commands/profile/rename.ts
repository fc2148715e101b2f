import { defineCommand, required } from '../../command.ts';

export const profileRename = defineCommand({
  name: 'profile rename',
  group: 'settings',
  summary: 'Rename a profile; its users keep it',
  args: { profile: required('profile', 'profile'), newName: required('new-name') },
  options: {},
  examples: [['gast profile rename web www', '']],
  async run(context, { args }) {
    await context.client.call('POST /1.0/profiles/{name}', {
      params: { name: args.profile },
      body: { name: args.newName },
    });
  },
});
