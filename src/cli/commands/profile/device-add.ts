import { defineCommand, required, some } from '../../command.ts';
import { addDevice } from '../../objects/device-keys.ts';
import { deviceTypes } from '../../objects/device-types.ts';
import { profile } from '../../objects/editable.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const profileDeviceAdd = defineCommand({
  name: 'profile device add',
  group: 'settings',
  summary: 'Add a device',
  args: {
    profile: required('profile', 'profile'),
    device: required('device'),
    type: required('type', deviceTypes),
    keys: some('key=value'),
  },
  options: {},
  examples: [['gast profile device add default data disk source=/srv/data path=/data', 'a directory of this computer']],
  run: (context, { args }) =>
    addDevice(context, profile(args.profile), args.device, { type: args.type, ...parseKeyValues(args.keys) }),
});
