import { any, defineCommand, required } from '../../command.ts';
import { overrideDevice } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const configDeviceOverride = defineCommand({
  name: 'config device override',
  group: 'settings',
  summary: 'Make a device of a profile the own one of a guest, with changes',
  args: { instance: required('instance', 'instance'), device: required('device'), keys: any('key=value') },
  options: {},
  examples: [['gast config device override web eth0 ipv4.address=10.8.84.50', '']],
  run: (context, { args }) => overrideDevice(context, instance(args.instance), args.device, parseKeyValues(args.keys)),
});
