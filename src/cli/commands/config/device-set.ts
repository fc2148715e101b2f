import { defineCommand, required, some } from '../../command.ts';
import { setDevice } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';
import { parseAssignments } from '../../objects/key-values.ts';

export const configDeviceSet = defineCommand({
  name: 'config device set',
  group: 'settings',
  summary: 'Set keys of a device',
  args: { instance: required('instance', 'instance'), device: required('device'), assignments: some('key=value') },
  options: {},
  examples: [['gast config device set web data readonly=true', '']],
  run: (context, { args }) =>
    setDevice(context, instance(args.instance), args.device, parseAssignments(args.assignments)),
});
