import { defineCommand, required } from '../../command.ts';
import { printDevices } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';

export const configDeviceList = defineCommand({
  name: 'config device list',
  group: 'settings',
  summary: 'List the names of the devices',
  args: { instance: required('instance', 'instance') },
  options: {},
  examples: [['gast config device list web', '']],
  run: (context, { args }) => printDevices(context, instance(args.instance), 'names'),
});
