import { defineCommand, required } from '../../command.ts';
import { setDevice } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';

export const configDeviceUnset = defineCommand({
  name: 'config device unset',
  group: 'settings',
  summary: 'Unset a key of a device',
  args: { instance: required('instance', 'instance'), device: required('device'), key: required('key') },
  options: {},
  examples: [['gast config device unset web data readonly', '']],
  run: (context, { args }) => setDevice(context, instance(args.instance), args.device, { [args.key]: '' }),
});
