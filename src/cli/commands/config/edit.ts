import { defineCommand, optional } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { instanceOrServer } from '../../objects/editable.ts';

export const configEdit = defineCommand({
  name: 'config edit',
  group: 'settings',
  summary: 'Edit config and devices of a guest, or the config of the server, in your editor or from stdin',
  args: { instance: optional('instance', 'instance') },
  options: {},
  examples: [
    ['gast config edit web', 'in $EDITOR'],
    ['gast config edit web < web.yaml', 'from a file'],
  ],
  run: (context, { args }) => editObject(context, instanceOrServer(args.instance)),
});
