import { defineCommand, optional, required } from '../../command.ts';
import { instance } from '../../objects/editable.ts';
import { attachNetwork } from '../../objects/network-devices.ts';

export const networkAttach = defineCommand({
  name: 'network attach',
  group: 'network-storage',
  summary: 'Plug a guest into a network',
  args: {
    network: required('network', 'network'),
    instance: required('instance', 'instance'),
    device: optional('device'),
    interface: optional('interface'),
  },
  options: {},
  examples: [['gast network attach lab0 web eth1', '']],
  run: (context, { args }) => attachNetwork(context, instance(args.instance), args),
});
