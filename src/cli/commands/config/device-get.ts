import { defineCommand, required } from '../../command.ts';
import { printDeviceKey } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';

export const configDeviceGet = defineCommand({
  name: 'config device get',
  group: 'settings',
  summary: 'Print one key of a device',
  args: { instance: required('instance', 'instance'), device: required('device'), key: required('key') },
  options: {},
  examples: [['gast config device get web eth0 network', '']],
  run: (context, { args }) => printDeviceKey(context, instance(args.instance), args.device, args.key),
});
