/** Forwards as things with keys: show, get, set, unset and edit. */
import { required } from '../../command.ts';
import { keyCommands } from '../../objects/key-commands.ts';
import { forward } from '../../objects/network-parts.ts';

export const networkForwardKeys = keyCommands({
  noun: 'network forward',
  group: 'network-storage',
  one: 'a forward',
  args: { network: required('network', 'network'), address: required('listen address', 'forward') },
  target: ({ network, address }) => forward(network, address),
  examples: {
    show: [['gast network forward show gastbr0 192.0.2.5', '']],
    get: [['gast network forward get gastbr0 192.0.2.5 target_address', '']],
    set: [['gast network forward set gastbr0 192.0.2.5 target_address=10.1.2.3', '']],
    unset: [['gast network forward unset gastbr0 192.0.2.5 target_address', '']],
    edit: [
      ['gast network forward edit gastbr0 192.0.2.5', 'in $EDITOR'],
      ['gast network forward edit gastbr0 192.0.2.5 < forward.yaml', 'from a file'],
    ],
  },
});
