import { defineCommand, optional, required } from '../../command.ts';
import { instance } from '../../objects/editable.ts';
import { detachVolume } from '../../objects/volume-devices.ts';

export const volumeDetach = defineCommand({
  name: 'storage volume detach',
  group: 'network-storage',
  summary: 'Take a custom volume away from a guest, at once when it runs',
  args: {
    pool: required('pool', 'pool'),
    volume: required('volume', 'volume'),
    instance: required('instance', 'instance'),
    device: optional('device'),
  },
  options: {},
  examples: [['gast storage volume detach default data web', '']],
  run: (context, { args }) => detachVolume(context, instance(args.instance), args),
});
