import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { project } from '../../objects/editable.ts';

export const projectEdit = defineCommand({
  name: 'project edit',
  group: 'server',
  summary: 'Edit a project as YAML in your editor, or from stdin',
  args: { project: required('project', 'project') },
  options: {},
  examples: [
    ['gast project edit shop', 'in $EDITOR'],
    ['gast project edit shop < shop.yaml', 'from a file'],
  ],
  run: (context, { args }) => editObject(context, project(args.project)),
});
