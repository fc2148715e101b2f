/** Profile routes. A change reaches the limits of running guests that use the profile. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Profile } from '../../api/resources/profiles.ts';
import type { Routes } from '../../api/routes.ts';
import { profileNameError } from '../../lib/names.ts';
import type { House } from '../house.ts';
import { checkInstanceConfig, patchedConfig, plainConfig } from '../instances/config.ts';
import { checkAvailable, checkDevices, checkExpandedDevices, plainDevices, rootPool } from '../instances/devices.ts';
import { expand } from '../instances/expand.ts';
import { instanceUrl } from '../instances/find.ts';
import { applyProfileChange } from '../instances/update.ts';
import { listing, wantsAllProjects } from '../listing.ts';
import { type InstanceDoc, keys, type ProfileDoc } from '../model.ts';
import { enterProject } from '../projects/enter.ts';
import { projectFor } from '../projects/features.ts';
import { allowProfile } from '../projects/rules.ts';
import { profileUrl, profileUsers } from './find.ts';

type One = '/1.0/profiles/{name}';
type Own = Pick<
  Handlers<Routes>,
  `${'GET' | 'POST'} /1.0/profiles` | `${'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'} ${One}`
>;
type Part = Pick<ProfileDoc, 'description' | 'config' | 'devices'>;

export function profileHandlers(house: House): Own {
  const ownerOf = (project: string) => projectFor(house, 'profiles', project);
  const find = (project: string, name: string) =>
    house.documents.get<ProfileDoc>(keys.profile(ownerOf(project), name)) ?? fail('profile.not-found', { name });
  const users = (doc: ProfileDoc) => profileUsers(house, doc);
  const view = (doc: ProfileDoc): Profile => ({ ...doc, used_by: users(doc).map((instance) => instanceUrl(instance)) });
  const told = (project: string, verb: string, name: string) =>
    house.events.lifecycle(project, { action: `profile-${verb}`, source: profileUrl(name, project), name });
  const checkName = (project: string, name: string) => {
    const reason = profileNameError(name);
    if (reason) fail('profile.name', { reason });
    if (house.documents.get(keys.profile(ownerOf(project), name))) fail('profile.exists', { name });
  };
  const check = (part: Part, before?: Part) => {
    checkInstanceConfig(house.facts, part.config);
    checkDevices(house, part.devices);
    checkAvailable(house, part.devices, before?.devices);
  };
  const checkUser = (documents: Pick<House, 'documents'>, user: InstanceDoc) => {
    const { devices } = expand(documents, user);
    checkExpandedDevices({ ...house, ...documents }, devices);
    if (rootPool(house, devices) !== user.pool)
      fail('instance.devices', {
        device: 'root',
        reason: `the root disk of ${user.name} is in the pool ${user.pool}; it cannot be changed here`,
      });
  };
  const change = async (doc: ProfileDoc, part: Part) => {
    check(part, doc);
    const next: ProfileDoc = { ...doc, ...part };
    const planned = withProfile(house, next);
    for (const user of users(doc)) checkUser(planned, user);
    allowProfile(planned, next);
    const before = new Map(users(doc).map((user) => [user.id, expand(house, user)]));
    await house.documents.put(keys.profile(doc.project, doc.name), next);
    told(doc.project, 'updated', doc.name);
    const problems = await applyProfileChange(house, doc, before);
    for (const [instance, reason] of problems)
      house.events.logging(
        'warning',
        `The changed profile ${doc.name} could not be applied to ${instance}: ${reason}`,
        { instance },
      );
    return {};
  };
  return {
    'GET /1.0/profiles': ({ query, project }) =>
      listing(
        house.documents
          .list<ProfileDoc>(wantsAllProjects(query) ? 'profiles/' : `profiles/${ownerOf(project)}/`)
          .map((doc) => ({ url: profileUrl(doc.name, doc.project), object: () => view(doc) })),
        query,
      ),
    async 'POST /1.0/profiles'({ body, project }) {
      checkName(project, body.name);
      const doc: ProfileDoc = {
        name: body.name,
        project: ownerOf(project),
        description: body.description ?? '',
        config: plainConfig(body.config),
        devices: plainDevices(body.devices),
      };
      check(doc);
      allowProfile(house, doc);
      await enterProject(house, doc.project, [{ put: keys.profile(doc.project, body.name), value: doc }]);
      told(project, 'created', body.name);
      return { location: profileUrl(body.name, project) };
    },
    'GET /1.0/profiles/{name}': ({ params, project }) => view(find(project, params.name)),
    'PUT /1.0/profiles/{name}'({ params, body, project, checkMatch }) {
      const doc = find(project, params.name);
      checkMatch(view(doc));
      return change(doc, {
        description: body.description ?? '',
        config: plainConfig(body.config),
        devices: plainDevices(body.devices),
      });
    },
    'PATCH /1.0/profiles/{name}'({ params, body, project, checkMatch }) {
      const doc = find(project, params.name);
      checkMatch(view(doc));
      return change(doc, {
        description: body.description ?? doc.description,
        config: patchedConfig(doc.config, body.config),
        devices: { ...doc.devices, ...plainDevices(body.devices) },
      });
    },
    async 'POST /1.0/profiles/{name}'({ params, body, project }) {
      const doc = find(project, params.name);
      if (doc.name === 'default') fail('profile.default', { action: 'renamed' });
      checkName(project, body.name);
      const instances = users(doc).map((user) => ({
        put: keys.instance(user.id),
        expect: house.documents.revision(keys.instance(user.id)),
        value: { ...user, profiles: user.profiles.map((name) => (name === doc.name ? body.name : name)) },
      }));
      await house.documents.commit([
        { delete: keys.profile(doc.project, doc.name) },
        { put: keys.profile(doc.project, body.name), value: { ...doc, name: body.name } },
        ...instances,
      ]);
      told(project, 'renamed', body.name);
      return { location: profileUrl(body.name, project) };
    },
    async 'DELETE /1.0/profiles/{name}'({ params, project }) {
      const doc = find(project, params.name);
      if (doc.name === 'default') fail('profile.default', { action: 'deleted' });
      if (users(doc).length > 0) fail('profile.in-use');
      await house.documents.delete(keys.profile(doc.project, doc.name));
      told(project, 'deleted', doc.name);
      return {};
    },
  };
}

/** The documents as they would be with the changed profile. */
function withProfile(house: Pick<House, 'documents'>, changed: ProfileDoc): Pick<House, 'documents'> {
  const key = keys.profile(changed.project, changed.name);
  const get = <T>(wanted: string) => (wanted === key ? (changed as T) : house.documents.get<T>(wanted));
  return { documents: { ...house.documents, get } };
}
