import { defineCommand, optional, required } from '../../command.ts';
import { instance } from '../../objects/editable.ts';
import { detachNetwork } from '../../objects/network-devices.ts';

export const networkDetach = defineCommand({
  name: 'network detach',
  group: 'network-storage',
  summary: 'Unplug a guest from a network',
  args: {
    network: required('network', 'network'),
    instance: required('instance', 'instance'),
    device: optional('device'),
  },
  options: {},
  examples: [['gast network detach lab0 web', '']],
  run: (context, { args }) => detachNetwork(context, instance(args.instance), args),
});
