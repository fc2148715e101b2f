import { defineCommand, optional, required } from '../../command.ts';
import { removeDevices } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';
import { deviceWith } from '../../objects/volumes.ts';

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
  async run(context, { args }) {
    const target = instance(args.instance);
    await removeDevices(context, target, [await deviceWith(context, target, args.pool, args.volume, args.device)]);
  },
});
