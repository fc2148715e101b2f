import { defineCommand, required, some } from '../../command.ts';
import { addDevice } from '../../objects/device-keys.ts';
import { deviceTypes } from '../../objects/device-types.ts';
import { instance } from '../../objects/editable.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const configDeviceAdd = defineCommand({
  name: 'config device add',
  group: 'settings',
  summary: 'Add a device',
  args: {
    instance: required('instance', 'instance'),
    device: required('device'),
    type: required('type', deviceTypes),
    keys: some('key=value'),
  },
  options: {},
  examples: [
    ['gast config device add web data disk source=/srv/data path=/data', 'a directory of this computer'],
    [
      'gast config device add web http proxy listen=tcp:0.0.0.0:8080 connect=tcp:127.0.0.1:80',
      'port 8080 of this computer leads into the guest',
    ],
    ['gast config device add web fuse unix-char source=/dev/fuse', 'a device node'],
  ],
  run: (context, { args }) =>
    addDevice(context, instance(args.instance), args.device, { type: args.type, ...parseKeyValues(args.keys) }),
});
