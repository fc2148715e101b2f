import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { acl } from '../../objects/network-parts.ts';

export const networkAclEdit = defineCommand({
  name: 'network acl edit',
  group: 'network-storage',
  summary: 'Edit an access list as YAML in your editor, or from stdin',
  args: { acl: required('acl', 'acl') },
  options: {},
  examples: [
    ['gast network acl edit web', 'in $EDITOR'],
    ['gast network acl edit web < acl.yaml', 'from a file'],
  ],
  run: (context, { args }) => editObject(context, acl(args.acl)),
});
