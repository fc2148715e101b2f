import { defineCommand, optional, required } from '../../command.ts';
import { profile } from '../../objects/editable.ts';
import { detachVolume } from '../../objects/volume-devices.ts';

export const volumeDetachProfile = defineCommand({
  name: 'storage volume detach-profile',
  group: 'network-storage',
  summary: 'Take a custom volume away from a profile',
  args: {
    pool: required('pool', 'pool'),
    volume: required('volume', 'volume'),
    profile: required('profile', 'profile'),
    device: optional('device'),
  },
  options: {},
  examples: [['gast storage volume detach-profile default data web', '']],
  run: (context, { args }) => detachVolume(context, profile(args.profile), args),
});
