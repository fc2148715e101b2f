import { any, defineCommand, required } from '../../command.ts';
import { instance } from '../../objects/editable.ts';
import { attachVolume } from '../../objects/volume-devices.ts';

export const volumeAttach = defineCommand({
  name: 'storage volume attach',
  group: 'network-storage',
  summary: 'Give a custom volume to a guest, at once when it runs',
  args: {
    pool: required('pool', 'pool'),
    volume: required('volume', 'volume'),
    instance: required('instance', 'instance'),
    place: any('device | path'),
  },
  options: {},
  examples: [
    ['gast storage volume attach default data web /srv/data', ''],
    ['gast storage volume attach default disk1 vm', 'a block volume, as a disk of a virtual machine'],
  ],
  run: (context, { args }) => attachVolume(context, instance(args.instance), args),
});
