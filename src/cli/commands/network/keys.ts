/** Networks as things with keys: show, get, set, unset and edit. */
import { required } from '../../command.ts';
import { network } from '../../objects/editable.ts';
import { keyCommands } from '../../objects/key-commands.ts';

export const networkKeys = keyCommands({
  noun: 'network',
  group: 'network-storage',
  one: 'a network',
  args: { network: required('network', 'network') },
  target: ({ network: name }) => network(name),
  examples: {
    show: [['gast network show gastbr1', '']],
    get: [['gast network get gastbr0 ipv4.address', '']],
    set: [['gast network set gastbr0 ipv4.nat=false', '']],
    unset: [['gast network unset gastbr0 ipv4.address', '']],
    edit: [
      ['gast network edit gastbr0', 'in $EDITOR'],
      ['gast network edit gastbr0 < network.yaml', 'from a file'],
    ],
  },
});
