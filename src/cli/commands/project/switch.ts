import { chooseProject } from '../../chosen-project.ts';
import { CliError } from '../../cli-error.ts';
import { defineCommand, required } from '../../command.ts';

export const projectSwitch = defineCommand({
  name: 'project switch',
  group: 'server',
  summary: 'Work in another project from now on',
  details: 'It is remembered for you and this server. --project and the variable GASTHOF_PROJECT come before it.',
  args: { project: required('project', 'project') },
  options: {},
  examples: [
    ['gast project switch shop', ''],
    ['gast project switch default', 'back again'],
  ],
  async run(context, { args }) {
    const { name } = await context.client.call('GET /1.0/projects/{name}', { params: { name: args.project } });
    if (!chooseProject(context.env, context.client.socketPath, name))
      throw new CliError(context.texts('no-home'), { help: `export GASTHOF_PROJECT=${name}` });
  },
});
