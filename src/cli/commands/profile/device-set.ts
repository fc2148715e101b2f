import { defineCommand, required, some } from '../../command.ts';
import { setDevice } from '../../objects/device-keys.ts';
import { profile } from '../../objects/editable.ts';
import { parseAssignments } from '../../objects/key-values.ts';

export const profileDeviceSet = defineCommand({
  name: 'profile device set',
  group: 'settings',
  summary: 'Set keys of a device',
  args: { profile: required('profile', 'profile'), device: required('device'), assignments: some('key=value') },
  options: {},
  examples: [['gast profile device set default data readonly=true', '']],
  run: (context, { args }) =>
    setDevice(context, profile(args.profile), args.device, parseAssignments(args.assignments)),
});
