/** Checking the config of a project, and which of its features may change while it has something in it. */
import { isTrue } from '../../api/config-keys/key.ts';
import { projectKeys } from '../../api/config-keys/project.ts';
import { fail } from '../../api/errors.ts';
import { parseBytes } from '../../lib/units.ts';
import type { House } from '../house.ts';
import { configError, splitList } from '../instances/config.ts';
import { type ConfigMap, keys, type ProjectDoc } from '../model.ts';
import { projectFeatures } from './features.ts';
import { isEmpty } from './used-by.ts';

type Needs = Pick<House, 'documents'>;

/** Features that a project has from the beginning unless it is told otherwise. */
const initially = ['images', 'profiles', 'storage.volumes', 'storage.buckets'];

export const withInitialFeatures = (config: ConfigMap): ConfigMap => ({
  ...Object.fromEntries(initially.map((name) => [`features.${name}`, 'true'])),
  ...config,
});

export function checkProjectConfig(house: Needs, project: string, config: ConfigMap): void {
  const reason = configError(projectKeys, config) ?? valueError(house, config) ?? wholeError(project, config);
  if (reason) fail('project.config', { reason });
}

function valueError(house: Needs, config: ConfigMap): string | undefined {
  const prefix = 'limits.disk.pool.';
  for (const [key, value] of Object.entries(config)) {
    if (!key.startsWith(prefix)) continue;
    if (!house.documents.get(keys.pool(key.slice(prefix.length)))) return `Invalid project configuration key "${key}"`;
    if (parseBytes(value) === undefined)
      return `Invalid value for config key "${key}": "${value}" is not a size like 10GiB`;
  }
  const relative = splitList(config['restricted.devices.disk.paths']).find((path) => !path.startsWith('/'));
  return relative && `Invalid value for config key "restricted.devices.disk.paths": "${relative}" is no absolute path`;
}

function wholeError(project: string, config: ConfigMap): string | undefined {
  if (project === 'default') return undefined;
  if (isTrue(config['features.networks']))
    return 'A project with networks of its own (features.networks) is not available here: bridges belong to the default project';
  // The profiles of another project are not checked against the restrictions of this one.
  if (isTrue(config.restricted) && !isTrue(config['features.profiles']))
    return 'Projects without their own profiles cannot be restricted';
  return undefined;
}

/** A feature goes only from an empty project; one that is added would hide what the project uses of `default`. */
export function checkFeatureChange(house: Needs, old: ProjectDoc, next: ConfigMap): void {
  const changed = projectFeatures.filter(
    (name) => isTrue(old.config[`features.${name}`]) !== isTrue(next[`features.${name}`]),
  );
  const [feature] = changed;
  if (feature === undefined) return;
  if (old.name === 'default')
    fail('project.features', { reason: "You can't change the features of the default project" });
  if (isEmpty(house, old.name)) return;
  const blocked = changed.find((name) => name !== 'networks.zones' || isTrue(old.config[`features.${name}`]));
  if (blocked === undefined) return;
  const verb = isTrue(old.config[`features.${blocked}`]) ? 'disabled' : 'enabled';
  fail('project.features', {
    reason: `Project feature "features.${blocked}" cannot be ${verb} on non-empty projects`,
  });
}
