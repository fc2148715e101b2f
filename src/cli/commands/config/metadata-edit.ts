import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { guestMetadata } from '../../objects/guest-metadata.ts';

export const configMetadataEdit = defineCommand({
  name: 'config metadata edit',
  group: 'settings',
  summary: 'Edit the metadata of a guest in your editor or from stdin',
  details: 'What it says about templates takes effect at the next start.',
  args: { instance: required('instance', 'instance') },
  options: {},
  examples: [['gast config metadata edit web', 'in $EDITOR']],
  run: (context, { args }) => editObject(context, guestMetadata(args.instance)),
});
