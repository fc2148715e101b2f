import { defineCommand, required } from '../../command.ts';
import { project } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { unsetKey } from '../../objects/keys.ts';

export const projectUnset = defineCommand({
  name: 'project unset',
  group: 'server',
  summary: 'Unset a key of a project',
  args: { project: required('project', 'project'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast project unset shop limits.instances', '']],
  run: (context, { args, options }) => unsetKey(context, project(args.project), args.key, options),
});
