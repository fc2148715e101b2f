import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { forward } from '../../objects/network-parts.ts';

export const networkForwardEdit = defineCommand({
  name: 'network forward edit',
  group: 'network-storage',
  summary: 'Edit a forward as YAML in your editor, or from stdin',
  args: { network: required('network', 'network'), address: required('listen address', 'forward') },
  options: {},
  examples: [
    ['gast network forward edit gastbr0 192.0.2.5', 'in $EDITOR'],
    ['gast network forward edit gastbr0 192.0.2.5 < forward.yaml', 'from a file'],
  ],
  run: (context, { args }) => editObject(context, forward(args.network, args.address)),
});
