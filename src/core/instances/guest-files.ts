/** Files that the house writes into a guest before its init starts: host name, resolver, and the image's templates. */

import { fail } from '../../api/errors.ts';
import { textOf, textStream } from '../../lib/streams.ts';
import { renderTemplate } from '../../lib/template.ts';
import { TemplateBroken } from '../../lib/template-expression.ts';
import type { House } from '../house.ts';
import { type InstanceDoc, keys, type NetworkDoc } from '../model.ts';
import { type FileOwner, FileRefused, type GuestRoot } from '../ports/files.ts';
import type { ImageTemplate } from '../ports/images.ts';
import type { NicSpec } from '../ports/network.ts';
import type { Expanded } from './expand.ts';
import { metadataOf } from './guest-metadata.ts';
import { rangeOf } from './ids.ts';

type Needs = Pick<House, 'files' | 'images' | 'documents' | 'facts'>;

/** Marks a resolv.conf that we may rewrite; images of our builder carry it. */
export const resolverMark = '# managed by Gasthof';

/** Returns the document without the trigger (`volatile.apply_template`) that has been worked off. */
export async function writeGuestFiles(
  house: Needs,
  doc: InstanceDoc,
  expanded: Expanded,
  directory: string,
  nics: readonly NicSpec[],
): Promise<InstanceDoc> {
  const root: GuestRoot = { path: directory, range: rangeOf(house, doc) };
  await writeWhen(house, root, '/etc/hostname', `${doc.name}\n`, () => true);
  const resolver = resolverText(house, nics);
  if (resolver)
    await writeWhen(
      house,
      root,
      '/etc/resolv.conf',
      resolver,
      (old) => old === undefined || old === '' || old.startsWith(resolverMark),
    );
  const trigger = doc.config['volatile.apply_template'];
  const triggers = trigger ? [trigger, 'start'] : ['start'];
  await writeTemplates(house, root, doc, expanded, triggers);
  if (!trigger) return doc;
  const { 'volatile.apply_template': _, ...config } = doc.config;
  return { ...doc, config };
}

/** Writes a file when `may` allows it and the content differs. A guest without /etc gets nothing. */
async function writeWhen(
  house: Needs,
  root: GuestRoot,
  path: string,
  content: string,
  may: (old: string | undefined) => boolean,
): Promise<void> {
  const old = await readText(house, root, path);
  if (old === false || old === content || !may(old)) return;
  try {
    await house.files.pushFile(root, path, textStream(content), {});
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
  }
}

/** Undefined when there is no file; false when something else than a file is there (a link belongs to the guest). */
async function readText(house: Needs, root: GuestRoot, path: string): Promise<string | undefined | false> {
  try {
    const file = await house.files.pull(root, path);
    return file.kind === 'file' ? await textOf(file.content, 65536) : false;
  } catch (error) {
    if (error instanceof FileRefused) return error.reason === 'not-found' ? undefined : false;
    throw error;
  }
}

function resolverText(house: Needs, nics: readonly NicSpec[]): string | undefined {
  const servers = nics
    .flatMap((nic) => [nic.ipv4?.gateway, nic.ipv6?.gateway])
    .filter((server) => server !== undefined);
  const first = nics[0];
  if (!first || servers.length === 0) return undefined;
  const domain = house.documents.get<NetworkDoc>(keys.network(first.network))?.config['dns.domain'] ?? 'gast';
  return [resolverMark, `search ${domain}`, ...servers.map((server) => `nameserver ${server}`), ''].join('\n');
}

async function writeTemplates(
  house: Needs,
  root: GuestRoot,
  doc: InstanceDoc,
  expanded: Expanded,
  triggers: string[],
): Promise<void> {
  const { templates, files } = await metadataOf(house, doc);
  for (const [path, template] of Object.entries(templates)) {
    const trigger = triggers.find((candidate) => template.when.some((when) => when === candidate));
    if (!trigger) continue;
    const source = Object.hasOwn(files, template.template) ? files[template.template] : undefined;
    if (source === undefined) continue;
    const old = template.createOnly ? await readText(house, root, path) : undefined;
    if (old !== undefined) continue;
    const text = rendered(path, source, templateValues(doc, expanded, path, template, trigger));
    const owner = {
      ...(template.uid === undefined ? {} : { uid: template.uid }),
      ...(template.gid === undefined ? {} : { gid: template.gid }),
      ...(template.mode === undefined ? {} : { mode: template.mode }),
    };
    await writeTemplate(house, root, path, text, owner).catch((error: unknown) => {
      if (error instanceof FileRefused) fail('template.broken', { path, reason: error.message }, error);
      throw error;
    });
  }
}

/** Directories above it are made: seeds of cloud-init lie deep. */
async function writeTemplate(house: Needs, root: GuestRoot, path: string, text: string, owner: FileOwner) {
  const names = path.split('/').filter((name) => name !== '');
  for (let depth = 1; depth < names.length; depth++)
    await house.files.pushDirectory(root, `/${names.slice(0, depth).join('/')}`, {});
  await house.files.pushFile(root, path, textStream(text), owner);
}

/** Whoever may edit templates can break them. */
function rendered(path: string, source: string, values: Record<string, unknown>): string {
  try {
    return renderTemplate(source, values);
  } catch (error) {
    if (error instanceof TemplateBroken) fail('template.broken', { path, reason: error.message }, error);
    throw error;
  }
}

/** What Incus gives its templates: truth values are texts there. */
function templateValues(doc: InstanceDoc, expanded: Expanded, path: string, template: ImageTemplate, trigger: string) {
  const instance = {
    name: doc.name,
    architecture: doc.architecture,
    type: doc.type,
    privileged: 'false',
    ephemeral: String(doc.ephemeral),
  };
  const { config, devices } = expanded;
  const config_get = (key: unknown, otherwise: unknown) => config[String(key)] ?? otherwise ?? '';
  return { trigger, path, instance, container: instance, config, devices, properties: template.properties, config_get };
}
