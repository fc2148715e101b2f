import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { profile } from '../../objects/editable.ts';

export const profileEdit = defineCommand({
  name: 'profile edit',
  group: 'settings',
  summary: 'Edit a profile as YAML in your editor, or from stdin',
  args: { profile: required('profile', 'profile') },
  options: {},
  examples: [
    ['gast profile edit web', 'in $EDITOR'],
    ['gast profile edit web < profile.yaml', 'from a file'],
  ],
  run: (context, { args }) => editObject(context, profile(args.profile)),
});
