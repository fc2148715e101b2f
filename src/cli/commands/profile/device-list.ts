import { defineCommand, required } from '../../command.ts';
import { printDevices } from '../../objects/device-keys.ts';
import { profile } from '../../objects/editable.ts';

export const profileDeviceList = defineCommand({
  name: 'profile device list',
  group: 'settings',
  summary: 'List the names of the devices',
  args: { profile: required('profile', 'profile') },
  options: {},
  examples: [['gast profile device list default', '']],
  run: (context, { args }) => printDevices(context, profile(args.profile), 'names'),
});
