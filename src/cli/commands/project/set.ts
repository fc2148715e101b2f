import { defineCommand, required, some } from '../../command.ts';
import { project } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { parseAssignments } from '../../objects/key-values.ts';
import { setKeys } from '../../objects/keys.ts';

export const projectSet = defineCommand({
  name: 'project set',
  group: 'server',
  summary: 'Set keys of a project',
  args: { project: required('project', 'project'), assignments: some('key=value') },
  options: { property: propertyOption },
  examples: [
    ['gast project set shop limits.instances=5', ''],
    ['gast project set shop restricted=true', 'what is forbidden then: gast project edit shop'],
  ],
  run: (context, { args, options }) =>
    setKeys(context, project(args.project), parseAssignments(args.assignments), options),
});
