/** The filters of `gast list`: beginnings of names, regular expressions, and `key=value`. Pure. */
import type { InstanceFull } from '../../api/resources/instances.ts';
import { usageError } from '../cli-error.ts';
import { globalAddresses } from './instance-columns.ts';

type Test = (instance: InstanceFull) => boolean;

/** Names match when any of the name filters fits; every `key=value` has to fit. */
export function parseFilters(filters: readonly string[]): Test {
  const keys = filters.filter((filter) => filter.includes('=')).map(keyTest);
  const names = filters.filter((filter) => !filter.includes('=')).map(nameTest);
  return (instance) =>
    keys.every((test) => test(instance)) && (names.length === 0 || names.some((test) => test(instance)));
}

function nameTest(filter: string): Test {
  const pattern = compile(filter);
  // Plain words are beginnings of names; anything else is a regular expression for a part of it.
  return /^[\w-]+$/.test(filter)
    ? (instance) => instance.name.startsWith(filter)
    : (instance) => pattern.test(instance.name);
}

const shorthands: Readonly<Record<string, (instance: InstanceFull) => string[]>> = {
  name: (instance) => [instance.name],
  status: (instance) => [instance.status],
  state: (instance) => [instance.status],
  type: (instance) => [instance.type],
  architecture: (instance) => [instance.architecture],
  arch: (instance) => [instance.architecture],
  description: (instance) => [instance.description],
  location: (instance) => [instance.location],
  project: (instance) => [instance.project],
  profile: (instance) => instance.profiles,
  ephemeral: (instance) => [String(instance.ephemeral)],
  image: (instance) => [
    instance.config['volatile.base_image'] ?? '',
    instance.expanded_config['image.description'] ?? '',
    instance.expanded_config['image.os'] ?? '',
  ],
  ipv4: (instance) => globalAddresses(instance, 'inet').map(({ address }) => address),
  ipv6: (instance) => globalAddresses(instance, 'inet6').map(({ address }) => address),
};

function keyTest(filter: string): Test {
  const [key = '', ...rest] = filter.split('=');
  const values = rest.join('=').split(',');
  const read = shorthands[key] ?? ((instance: InstanceFull) => [instance.expanded_config[key] ?? '']);
  const tests = values.map((value) => {
    const pattern = compile(`^(?:${value})$`);
    return (text: string) => text.toLowerCase() === value.toLowerCase() || pattern.test(text);
  });
  return (instance) => read(instance).some((text) => tests.some((test) => test(text)));
}

function compile(source: string): RegExp {
  try {
    return new RegExp(source, 'i');
  } catch (error) {
    throw usageError(`"${source}" is no regular expression: ${(error as Error).message}`, 'gast list --help');
  }
}
