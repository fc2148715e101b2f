import { defineCommand, required, some } from '../../command.ts';
import { profile } from '../../objects/editable.ts';
import { attachVolume } from '../../objects/volume-devices.ts';

export const volumeAttachProfile = defineCommand({
  name: 'storage volume attach-profile',
  group: 'network-storage',
  summary: 'Give a custom volume to all guests with a profile',
  args: {
    pool: required('pool', 'pool'),
    volume: required('volume', 'volume'),
    profile: required('profile', 'profile'),
    place: some('[device] path'),
  },
  options: {},
  examples: [['gast storage volume attach-profile default data web /srv/data', '']],
  run: (context, { args }) => attachVolume(context, profile(args.profile), args),
});
