/** The request that makes a tiny machine by the API. */
import { tinyMachine } from './tiny-machine.ts';

export function machineBody(name: string, more: object = {}) {
  const { kernel, initrd, append } = tinyMachine;
  return {
    name,
    type: 'virtual-machine',
    source: { type: 'none' },
    config: {
      'limits.memory': '128MiB',
      'machine.kernel': kernel,
      'machine.initrd': initrd,
      'machine.cmdline': append,
    },
    devices: { root: { type: 'disk', path: '/', pool: 'default', size: '64MiB' } },
    ...more,
  } as never;
}
