/** `device add`, `get`, `list`, `remove`, `set`, `show` and `unset` of a noun whose things have devices. */
import { type Command, defineCommand, type Input, required, some } from '../command.ts';
import { addDevice, printDeviceKey, printDevices, removeDevices, setDevice } from './device-keys.ts';
import { deviceTypes } from './device-types.ts';
import type { Editable } from './editable.ts';
import type { Named, Names } from './key-commands.ts';
import { parseAssignments, parseKeyValues } from './key-values.ts';

type Verb = 'add' | 'get' | 'list' | 'remove' | 'set' | 'show' | 'unset';

export type DeviceNoun<A extends Names> = {
  /** The words before `device`. */
  noun: string;
  /** What names one of them. */
  args: A;
  target(named: Named<A>): Editable;
  examples: Readonly<Record<Verb, Command['examples']>>;
};

export function deviceCommands<A extends Names>(row: DeviceNoun<A>): Record<Verb, Command> {
  const { noun, examples } = row;
  const args: Names = row.args;
  // The parser fills what `args` declares, and these are one word each.
  const target = (given: Input['args']) => row.target(given as Named<A>);
  const group = 'settings';
  const device = required('device');
  const key = required('key');
  return {
    add: defineCommand({
      name: `${noun} device add`,
      group,
      summary: 'Add a device',
      args: { ...args, device, type: required('type', deviceTypes), keys: some('key=value') },
      options: {},
      examples: examples.add,
      run: (context, input) => {
        const { device: name, type, keys } = input.args;
        return addDevice(context, target(input.args), name, { type, ...parseKeyValues(keys) });
      },
    }),
    get: defineCommand({
      name: `${noun} device get`,
      group,
      summary: 'Print one key of a device',
      args: { ...args, device, key },
      options: {},
      examples: examples.get,
      run: (context, input) => printDeviceKey(context, target(input.args), input.args.device, input.args.key),
    }),
    list: defineCommand({
      name: `${noun} device list`,
      group,
      summary: 'List the names of the devices',
      args,
      options: {},
      examples: examples.list,
      run: (context, input) => printDevices(context, target(input.args), 'names'),
    }),
    remove: defineCommand({
      name: `${noun} device remove`,
      aliases: [`${noun} device rm`],
      group,
      summary: 'Remove devices',
      args: { ...args, devices: some('device') },
      options: {},
      examples: examples.remove,
      run: (context, input) => removeDevices(context, target(input.args), input.args.devices),
    }),
    set: defineCommand({
      name: `${noun} device set`,
      group,
      summary: 'Set keys of a device',
      args: { ...args, device, assignments: some('key=value') },
      options: {},
      examples: examples.set,
      run: (context, input) => {
        const { device: name, assignments } = input.args;
        return setDevice(context, target(input.args), name, parseAssignments(assignments));
      },
    }),
    show: defineCommand({
      name: `${noun} device show`,
      group,
      summary: 'Show the devices as YAML',
      args,
      options: {},
      examples: examples.show,
      run: (context, input) => printDevices(context, target(input.args), 'yaml'),
    }),
    unset: defineCommand({
      name: `${noun} device unset`,
      group,
      summary: 'Unset a key of a device',
      args: { ...args, device, key },
      options: {},
      examples: examples.unset,
      run: (context, input) => {
        const { device: name, key: unset } = input.args;
        return setDevice(context, target(input.args), name, { [unset]: '' });
      },
    }),
  };
}
