import { defineCommand, required, some } from '../../command.ts';
import { addDevice } from '../../objects/device-keys.ts';
import { instance } from '../../objects/editable.ts';
import { attachment } from '../../objects/volumes.ts';

export const volumeAttach = defineCommand({
  name: 'storage volume attach',
  group: 'network-storage',
  summary: 'Give a custom volume to a guest, at once when it runs',
  args: {
    pool: required('pool', 'pool'),
    volume: required('volume', 'volume'),
    instance: required('instance', 'instance'),
    place: some('[device] path'),
  },
  options: {},
  examples: [['gast storage volume attach default data web /srv/data', '']],
  run(context, { args }) {
    const { device, path } = attachment(args.volume, args.place);
    return addDevice(context, instance(args.instance), device, {
      type: 'disk',
      pool: args.pool,
      source: args.volume,
      path,
    });
  },
});
