import type { Operation } from '../../../api/resources/operations.ts';
import { defineCommand, flag, required, text } from '../../command.ts';
import { tokenText } from '../../objects/trust-tokens.ts';

export const trustAdd = defineCommand({
  name: 'config trust add',
  group: 'server',
  summary: 'Print a token with which one client makes itself trusted',
  args: { name: required('name') },
  options: {
    restricted: flag('--restricted', 'may use the projects named only'),
    projects: text('--projects <names>', 'projects, with commas between', 'project'),
  },
  examples: [
    ['gast config trust add laptop', 'there: gast remote add NAME TOKEN'],
    ['gast config trust add shop --restricted --projects shop', ''],
  ],
  async run(context, { args, options }) {
    const answer = await context.client.raw('POST /1.0/certificates', {
      body: {
        name: args.name,
        type: 'client',
        token: true,
        restricted: options.restricted,
        projects: options.projects?.split(',').filter((name) => name !== '') ?? [],
      },
    });
    const { metadata } = JSON.parse(Buffer.concat(await answer.toArray()).toString()) as { metadata: Operation };
    context.say(context.texts('token-for', { name: args.name }));
    context.print(`${tokenText(metadata)}\n`);
  },
});
