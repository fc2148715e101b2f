/** Devices of guests: add, get, list, remove, set, show and unset. */
import { required } from '../../command.ts';
import { deviceCommands } from '../../objects/device-commands.ts';
import { instance } from '../../objects/editable.ts';

export const configDevices = deviceCommands({
  noun: 'config',
  args: { instance: required('instance', 'instance') },
  target: ({ instance: name }) => instance(name),
  examples: {
    add: [
      ['gast config device add web data disk source=/srv/data path=/data', 'a directory of this computer'],
      [
        'gast config device add web http proxy listen=tcp:0.0.0.0:8080 connect=tcp:127.0.0.1:80',
        'port 8080 of this computer leads into the guest',
      ],
      ['gast config device add web fuse unix-char source=/dev/fuse', 'a device node'],
    ],
    get: [['gast config device get web eth0 network', '']],
    list: [['gast config device list web', '']],
    remove: [['gast config device remove web data', '']],
    set: [['gast config device set web data readonly=true', '']],
    show: [['gast config device show web', '']],
    unset: [['gast config device unset web data readonly', '']],
  },
});
