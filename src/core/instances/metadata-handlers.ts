/** Routes of an instance's metadata and templates. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { ImageMetadata, ImageMetadataPut } from '../../api/resources/instance-metadata.ts';
import type { Routes } from '../../api/routes.ts';
import { textOf } from '../../lib/streams.ts';
import { templateEntries } from '../../lib/template-entries.ts';
import type { House } from '../house.ts';
import type { GuestMetadata, InstanceDoc } from '../model.ts';
import type { ImageTemplate } from '../ports/images.ts';
import { changeInstance } from './change.ts';
import { plainConfig } from './config.ts';
import { findInstance, instanceById, instanceUrl } from './find.ts';
import { keepMetadata, metadataOf } from './guest-metadata.ts';

type Path = '/1.0/instances/{name}/metadata';
type Own = Pick<
  Handlers<Routes>,
  `${'GET' | 'PUT' | 'PATCH'} ${Path}` | `${'GET' | 'POST' | 'DELETE'} ${Path}/templates`
>;

const longestTemplateBytes = 256 * 1024;
const mostTemplates = 200;

export function metadataHandlers(house: House): Own {
  const change = (
    doc: InstanceDoc,
    entity: 'metadata' | 'metadata-template',
    verb: string,
    work: (old: GuestMetadata) => GuestMetadata,
  ) =>
    house.queue(doc.id, async () => {
      const current = instanceById(house, doc.id);
      const metadata = await keepMetadata(house, work(await metadataOf(house, current)));
      await changeInstance(house, doc.id, { metadata });
      const source = instanceUrl(current, entity === 'metadata' ? '/metadata' : '/metadata/templates');
      const action = `instance-${entity}-${verb}`;
      house.events.lifecycle(current.project, { action, source, name: current.name });
      return {};
    });
  return {
    'GET /1.0/instances/{name}/metadata': async ({ params, project }) =>
      metadataView(await metadataOf(house, findInstance(house, project, params.name))),
    async 'PUT /1.0/instances/{name}/metadata'({ params, body, project, checkMatch }) {
      const doc = findInstance(house, project, params.name);
      checkMatch(metadataView(await metadataOf(house, doc)));
      const { architecture } = doc;
      const bare = { architecture, creationDate: 0, expiryDate: 0, properties: {}, templates: {} };
      return change(doc, 'metadata', 'updated', ({ files }) => ({ ...bare, files, ...readPut(body) }));
    },
    async 'PATCH /1.0/instances/{name}/metadata'({ params, body, project, checkMatch }) {
      const doc = findInstance(house, project, params.name);
      checkMatch(metadataView(await metadataOf(house, doc)));
      const { properties, templates, ...rest } = readPut(body);
      return change(doc, 'metadata', 'updated', (old) => ({
        ...old,
        ...rest,
        properties: { ...old.properties, ...properties },
        templates: { ...old.templates, ...templates },
      }));
    },
    async 'GET /1.0/instances/{name}/metadata/templates'({ params, query, project }) {
      const { files } = await metadataOf(house, findInstance(house, project, params.name));
      if (!query.path) return { value: Object.keys(files).sort() };
      const body = (Object.hasOwn(files, query.path) ? files[query.path] : undefined) ?? fail('template.not-found');
      return {
        headers: {
          'Content-Type': 'application/octet-stream',
          'Content-Disposition': `inline;filename=${encodeURIComponent(query.path)}`,
        },
        body,
      };
    },
    async 'POST /1.0/instances/{name}/metadata/templates'({ params, query, project, stream }) {
      const doc = findInstance(house, project, params.name);
      const name = templateName(query.path);
      const text = stream ? await textOf(stream, longestTemplateBytes) : '';
      return change(doc, 'metadata-template', 'created', (old) => {
        const files = { ...old.files, [name]: text };
        if (Object.keys(files).length > mostTemplates)
          fail('request.invalid', { reason: `an instance has at most ${mostTemplates} templates` });
        return { ...old, files };
      });
    },
    async 'DELETE /1.0/instances/{name}/metadata/templates'({ params, query, project }) {
      const doc = findInstance(house, project, params.name);
      const name = templateName(query.path);
      return change(doc, 'metadata-template', 'deleted', (old) => {
        if (!Object.hasOwn(old.files, name)) fail('template.not-found');
        const { [name]: _, ...files } = old.files;
        return { ...old, files };
      });
    },
  };
}

function templateName(path: string | undefined): string {
  const name = path ?? '';
  // It becomes a file of images and backups.
  if (!/^[^/\0]{1,200}$/.test(name) || name === '.' || name === '..' || name === '__proto__')
    fail('request.invalid', { reason: `${JSON.stringify(name)} is not a file name for a template` });
  return name;
}

function metadataView(metadata: GuestMetadata): ImageMetadata {
  return {
    architecture: metadata.architecture,
    creation_date: metadata.creationDate,
    expiry_date: metadata.expiryDate,
    properties: metadata.properties,
    templates: Object.fromEntries(
      Object.entries(templateEntries(metadata.templates)).map(([path, entry]) => [
        path,
        { ...entry, properties: Object.keys(entry.properties).length > 0 ? entry.properties : null },
      ]),
    ),
  };
}

function readPut(body: ImageMetadataPut): Partial<Omit<GuestMetadata, 'files'>> {
  return {
    ...(body.architecture ? { architecture: body.architecture } : {}),
    ...(body.creation_date === undefined ? {} : { creationDate: body.creation_date }),
    ...(body.expiry_date === undefined ? {} : { expiryDate: body.expiry_date }),
    ...(body.properties ? { properties: plainConfig(body.properties) } : {}),
    ...(body.templates
      ? {
          templates: Object.fromEntries(
            Object.entries(body.templates).map(([path, entry]) => [path, readTemplate(path, entry)]),
          ),
        }
      : {}),
  };
}

type TemplatePut = NonNullable<ImageMetadataPut['templates']>[string];
const triggers: readonly string[] = ['create', 'copy', 'start'];

function readTemplate(path: string, entry: TemplatePut): ImageTemplate {
  if (!path.startsWith('/') || path.split('/').includes('..') || path.includes('\0'))
    fail('request.invalid', {
      reason: `the template path ${JSON.stringify(path)} is not an absolute path of the guest`,
    });
  const when = entry.when ?? [];
  for (const one of when)
    if (!triggers.includes(one))
      fail('request.invalid', { reason: `${JSON.stringify(one)} is not one of ${triggers.join(', ')}` });
  const number = (key: 'uid' | 'gid' | 'mode', base: 8 | 10) => {
    const text = String(entry[key] ?? '');
    if (text === '') return {};
    const value = (base === 8 ? /^[0-7]{1,5}$/ : /^\d{1,5}$/).test(text) ? Number.parseInt(text, base) : Number.NaN;
    const most = base === 8 ? 0o777 : 65_535;
    if (!(value <= most)) fail('request.invalid', { reason: `${JSON.stringify(text)} is not a ${key}` });
    return { [key]: value };
  };
  return {
    when: when as ImageTemplate['when'],
    createOnly: entry.create_only ?? false,
    template: templateName(entry.template),
    properties: plainConfig(entry.properties),
    ...number('uid', 10),
    ...number('gid', 10),
    ...number('mode', 8),
  };
}
