import { defineCommand, required } from '../../command.ts';
import { project } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { getKey } from '../../objects/keys.ts';

export const projectGet = defineCommand({
  name: 'project get',
  group: 'server',
  summary: 'Print one key of a project',
  args: { project: required('project', 'project'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast project get shop limits.instances', '']],
  run: (context, { args, options }) => getKey(context, project(args.project), args.key, options),
});
