import { defineCommand, required } from '../../command.ts';
import { setDevice } from '../../objects/device-keys.ts';
import { profile } from '../../objects/editable.ts';

export const profileDeviceUnset = defineCommand({
  name: 'profile device unset',
  group: 'settings',
  summary: 'Unset a key of a device',
  args: { profile: required('profile', 'profile'), device: required('device'), key: required('key') },
  options: {},
  examples: [['gast profile device unset default data readonly', '']],
  run: (context, { args }) => setDevice(context, profile(args.profile), args.device, { [args.key]: '' }),
});
