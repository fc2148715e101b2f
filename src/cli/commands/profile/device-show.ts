import { defineCommand, required } from '../../command.ts';
import { printDevices } from '../../objects/device-keys.ts';
import { profile } from '../../objects/editable.ts';

export const profileDeviceShow = defineCommand({
  name: 'profile device show',
  group: 'settings',
  summary: 'Show the devices as YAML',
  args: { profile: required('profile', 'profile') },
  options: {},
  examples: [['gast profile device show default', '']],
  run: (context, { args }) => printDevices(context, profile(args.profile), 'yaml'),
});
