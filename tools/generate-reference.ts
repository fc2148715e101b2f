/**
 * Writes docs/reference from the contract: the routes, the errors, the config keys; and docs/compatibility.md. With --check it writes nothing and
 * fails when a file is not what it would have written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceKeys } from '../src/api/config-keys/devices.ts';
import { instanceKeys } from '../src/api/config-keys/instance.ts';
import type { KeyTable } from '../src/api/config-keys/key.ts';
import { networkKeys } from '../src/api/config-keys/network.ts';
import { projectKeys } from '../src/api/config-keys/project.ts';
import { serverKeys } from '../src/api/config-keys/server.ts';
import { volumeKeys } from '../src/api/config-keys/volume.ts';
import { type ErrorEntry, errorCatalogue } from '../src/api/errors.ts';
import type { Route } from '../src/api/route.ts';
import { routes } from '../src/api/routes.ts';
import { compatibilityPage } from './compatibility-page.ts';

const directory = join(import.meta.dirname, '../docs/reference');
const origin = '<!-- Written by tools/generate-reference.ts from src/api. Change it there. -->';

const pages: Record<string, string> = {
  'api.md': apiPage(),
  'errors.md': errorPage(),
  'config.md': configPage(),
  '../compatibility.md': compatibilityPage(),
};

if (process.argv.includes('--check')) check();
else for (const [name, text] of Object.entries(pages)) writeFileSync(join(directory, name), text);

function check(): void {
  const stale = Object.entries(pages).filter(([name, text]) => written(name) !== text);
  for (const [name] of stale) console.error(`docs/reference/${name} is stale: node tools/generate-reference.ts`);
  if (stale.length > 0) process.exitCode = 1;
}

function written(name: string): string | undefined {
  try {
    return readFileSync(join(directory, name), 'utf8');
  } catch {
    return undefined;
  }
}

function apiPage(): string {
  const groups = Object.groupBy(Object.entries<Route>(routes), ([key]) => resourceOf(key));
  const sections = Object.entries(groups).map(([resource, entries = []]) => {
    const rows = entries.map(([key, route]) => {
      const extension = route.extension === undefined ? '' : ` (extension ${route.extension})`;
      return [code(key), `${route.summary}${extension}`, route.access, route.answer, bodyOf(route), queryOf(route)];
    });
    return `## ${resource}\n\n${table(['route', 'what it does', 'access', 'answer', 'body', 'query'], rows)}`;
  });
  const words = `Access: \`public\` everybody, \`view\` who may read, \`operate\` who may use guests, \`manage\` who may create and
change, \`admin\` who may change the server. Answer: \`sync\` 200 with the value, \`created\` 201 with Location, \`async\` 202
with an operation, \`raw\` the content itself, \`websocket\` and \`upgrade\` another protocol on the same connection. The schemas are in \`GET /1.0/openapi.json\`.`;
  return page('Routes', words, ...sections);
}

function resourceOf(key: string): string {
  const [, first = '', second = ''] = key.split(' ')[1]?.split('/') ?? [];
  return first === '1.0' && second !== '' ? second.replace(/\..*$/, '') : 'server';
}

function bodyOf({ body, stream }: Route): string {
  const { properties = {} } = (body ?? {}) as { properties?: Record<string, unknown> };
  const names = Object.keys(properties).map(code);
  return [...names, ...(stream ? ['a stream'] : [])].join(', ');
}

function queryOf({ query }: Route): string {
  const { properties = {} } = (query ?? {}) as { properties?: Record<string, { description?: string }> };
  const items = Object.entries(properties).map(([name, { description }]) => {
    return description === undefined ? code(name) : `${code(name)}: ${description}`;
  });
  return items.join('; ');
}

function errorPage(): string {
  const rows = Object.entries<ErrorEntry>(errorCatalogue).map(([name, { status, text, help = '' }]) => {
    return [code(name), String(status), text, help];
  });
  return page(
    'Errors',
    'Code, HTTP status, text and help of every error. `{x}` is filled in.',
    table(['code', 'status', 'text', 'help'], rows),
  );
}

function configPage(): string {
  const devices = Object.entries<KeyTable>(deviceKeys).map(([kind, keys]) => keySection(`Device ${kind}`, keys));
  return page(
    'Configuration keys',
    'Live: a change takes effect at once in a running guest.',
    keySection('Instances and profiles', instanceKeys),
    ...devices,
    keySection('Networks', networkKeys),
    keySection('Projects', projectKeys),
    keySection('Server', serverKeys),
    ...Object.entries<KeyTable>(volumeKeys).map(([kind, keys]) => keySection(`Storage volumes (${kind})`, keys)),
  );
}

function keySection(title: string, keys: KeyTable): string {
  const rows = keys.map((row) => {
    const values = row.values === undefined ? row.type : `${row.type}: ${row.values.join(', ')}`;
    const doc = row.internal ? `${row.doc} Not for users.` : row.doc;
    return [code(row.key), values, row.default ?? '', row.live ? 'yes' : '', doc];
  });
  const body = rows.length === 0 ? 'No keys.' : table(['key', 'type', 'default', 'live', 'what it does'], rows);
  return `## ${title}\n\n${body}`;
}

function page(title: string, ...parts: string[]): string {
  return `${[`# ${title}`, origin, ...parts].join('\n\n')}\n`;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
