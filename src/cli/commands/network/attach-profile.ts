import { defineCommand, optional, required } from '../../command.ts';
import { profile } from '../../objects/editable.ts';
import { attachNetwork } from '../../objects/network-devices.ts';

export const networkAttachProfile = defineCommand({
  name: 'network attach-profile',
  group: 'network-storage',
  summary: 'Plug all guests with a profile into a network',
  args: {
    network: required('network', 'network'),
    profile: required('profile', 'profile'),
    device: optional('device'),
    interface: optional('interface'),
  },
  options: {},
  examples: [['gast network attach-profile lab0 default eth1', '']],
  run: (context, { args }) => attachNetwork(context, profile(args.profile), args),
});
