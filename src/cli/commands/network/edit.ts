import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { network } from '../../objects/editable.ts';

export const networkEdit = defineCommand({
  name: 'network edit',
  group: 'network-storage',
  summary: 'Edit a network as YAML in your editor, or from stdin',
  args: { network: required('network', 'network') },
  options: {},
  examples: [
    ['gast network edit gastbr0', 'in $EDITOR'],
    ['gast network edit gastbr0 < network.yaml', 'from a file'],
  ],
  run: (context, { args }) => editObject(context, network(args.network)),
});
