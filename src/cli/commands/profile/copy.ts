import { defineCommand, required } from '../../command.ts';

export const profileCopy = defineCommand({
  name: 'profile copy',
  aliases: ['profile cp'],
  group: 'settings',
  summary: 'Copy a profile',
  args: { profile: required('profile', 'profile'), newName: required('new-name') },
  options: {},
  examples: [['gast profile copy default web', '']],
  async run(context, { args }) {
    const { config, devices, description } = await context.client.call('GET /1.0/profiles/{name}', {
      params: { name: args.profile },
    });
    await context.client.call('POST /1.0/profiles', { body: { name: args.newName, config, devices, description } });
  },
});
