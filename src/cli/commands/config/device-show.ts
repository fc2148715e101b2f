import { defineCommand, required } from '../../command.ts';
import { printDevices } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';

export const configDeviceShow = defineCommand({
  name: 'config device show',
  group: 'settings',
  summary: 'Show the devices as YAML',
  args: { instance: required('instance', 'instance') },
  options: {},
  examples: [['gast config device show web', '']],
  run: (context, { args }) => printDevices(context, instance(args.instance), 'yaml'),
});
