import { defineCommand, required, some } from '../../command.ts';
import { removeDevices } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';

export const configDeviceRemove = defineCommand({
  name: 'config device remove',
  aliases: ['config device rm'],
  group: 'settings',
  summary: 'Remove devices',
  args: { instance: required('instance', 'instance'), devices: some('device') },
  options: {},
  examples: [['gast config device remove web data', '']],
  run: (context, { args }) => removeDevices(context, instance(args.instance), args.devices),
});
