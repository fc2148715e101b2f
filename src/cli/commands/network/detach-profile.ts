import { defineCommand, optional, required } from '../../command.ts';
import { profile } from '../../objects/editable.ts';
import { detachNetwork } from '../../objects/network-devices.ts';

export const networkDetachProfile = defineCommand({
  name: 'network detach-profile',
  group: 'network-storage',
  summary: 'Unplug all guests with a profile from a network',
  args: {
    network: required('network', 'network'),
    profile: required('profile', 'profile'),
    device: optional('device'),
  },
  options: {},
  examples: [['gast network detach-profile lab0 default', '']],
  run: (context, { args }) => detachNetwork(context, profile(args.profile), args),
});
