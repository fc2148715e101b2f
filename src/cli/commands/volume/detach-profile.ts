import { defineCommand, optional, required } from '../../command.ts';
import { removeDevices } from '../../objects/device-keys.ts';
import { profile } from '../../objects/editable.ts';
import { deviceWith } from '../../objects/volumes.ts';

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
  async run(context, { args }) {
    const target = profile(args.profile);
    await removeDevices(context, target, [await deviceWith(context, target, args.pool, args.volume, args.device)]);
  },
});
