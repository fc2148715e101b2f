import { defineCommand, required, some } from '../../command.ts';
import { removeDevices } from '../../objects/device-keys.ts';
import { profile } from '../../objects/editable.ts';

export const profileDeviceRemove = defineCommand({
  name: 'profile device remove',
  aliases: ['profile device rm'],
  group: 'settings',
  summary: 'Remove devices',
  args: { profile: required('profile', 'profile'), devices: some('device') },
  options: {},
  examples: [['gast profile device remove default data', '']],
  run: (context, { args }) => removeDevices(context, profile(args.profile), args.devices),
});
