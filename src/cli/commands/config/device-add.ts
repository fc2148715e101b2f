import { defineCommand, required, some } from '../../command.ts';
import { addDevice } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const configDeviceAdd = defineCommand({
  name: 'config device add',
  group: 'settings',
  summary: 'Add a device',
  args: {
    instance: required('instance', 'instance'),
    device: required('device'),
    type: required('type', ['disk', 'nic']),
    keys: some('key=value'),
  },
  options: {},
  examples: [['gast config device add web data disk source=/srv/data path=/data', 'a directory of this computer']],
  run: (context, { args }) =>
    addDevice(context, instance(args.instance), args.device, { type: args.type, ...parseKeyValues(args.keys) }),
});
