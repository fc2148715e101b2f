import { CliError } from '../../cli-error.ts';
import { defineCommand, flag, some } from '../../command.ts';
import { forEachNamed } from '../../objects/for-each-named.ts';
import { confirm } from '../../terminal/confirm.ts';

export const projectDelete = defineCommand({
  name: 'project delete',
  aliases: ['project rm'],
  group: 'server',
  summary: 'Delete projects that are empty',
  args: { names: some('name', 'project') },
  options: {
    force: flag('-f, --force', 'with all guests, images, profiles and volumes in them; asks in a terminal'),
  },
  examples: [
    ['gast project delete shop', ''],
    ['gast project delete --force shop', 'with all that is in it'],
  ],
  async run(context, { args, options }) {
    const { names } = args;
    const question = context.texts('delete-project', { name: names.join(', ') });
    if (options.force && context.streams.stdin.isTTY && !(await confirm(context, question)))
      throw new CliError(context.texts('not-deleted'));
    return forEachNamed(context, names, async (name) => {
      await context.client.call('DELETE /1.0/projects/{name}', {
        params: { name },
        ...(options.force ? { query: { force: '1' } } : {}),
      });
      context.say(context.texts('project-deleted', { name }));
    });
  },
});
