import { defineCommand, required } from '../../command.ts';
import { printDeviceKey } from '../../objects/device-keys.ts';
import { profile } from '../../objects/editable.ts';

export const profileDeviceGet = defineCommand({
  name: 'profile device get',
  group: 'settings',
  summary: 'Print one key of a device',
  args: { profile: required('profile', 'profile'), device: required('device'), key: required('key') },
  options: {},
  examples: [['gast profile device get default eth0 network', '']],
  run: (context, { args }) => printDeviceKey(context, profile(args.profile), args.device, args.key),
});
