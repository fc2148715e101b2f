/** Devices of profiles: add, get, list, remove, set, show and unset. */
import { required } from '../../command.ts';
import { deviceCommands } from '../../objects/device-commands.ts';
import { profile } from '../../objects/editable.ts';

export const profileDevices = deviceCommands({
  noun: 'profile',
  args: { profile: required('profile', 'profile') },
  target: ({ profile: name }) => profile(name),
  examples: {
    add: [['gast profile device add default data disk source=/srv/data path=/data', 'a directory of this computer']],
    get: [['gast profile device get default eth0 network', '']],
    list: [['gast profile device list default', '']],
    remove: [['gast profile device remove default data', '']],
    set: [['gast profile device set default data readonly=true', '']],
    show: [['gast profile device show default', '']],
    unset: [['gast profile device unset default data readonly', '']],
  },
});
