/** Access lists and forwards as things with keys, and changes of the rows in them: rules and ports. */
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type Editable, type Fields, type Loaded, namedEditable, pick } from './editable.ts';

const forwardFields = ['description', 'config', 'ports'];

export const acl = (name: string) =>
  namedEditable('/1.0/network-acls/{name}', name, ['description', 'egress', 'ingress', 'config']);

const one = '/1.0/networks/{name}/forwards/{address}';

export function forward(network: string, address: string): Editable {
  const params = { name: network, address };
  return {
    label: `${network} ${address}`,
    read: async (context) => (await context.client.read(`GET ${one}`, { params })) as Loaded,
    write: (context, value, etag) =>
      context.client.call(`PUT ${one}`, { params, body: pick(value, forwardFields), ifMatch: etag }),
    editable: forwardFields,
    keys: 'config',
  };
}

/** Rules of an access list, ports of a forward. */
export type Row = Readonly<Record<string, string | undefined>>;

export async function addRow(context: Context, target: Editable, field: string, row: Row): Promise<void> {
  const { value, etag } = await target.read(context);
  await target.write(context, { ...value, [field]: [...rowsOf(value, field), row] }, etag);
}

/** All that match only with `force`: a forgotten word must not take the others along. */
export async function removeRows(
  context: Context,
  target: Editable,
  { field, wanted, force }: { field: string; wanted: Row; force: boolean },
): Promise<void> {
  const { value, etag } = await target.read(context);
  const rows = rowsOf(value, field);
  const hit = rows.filter((row) => Object.entries(wanted).every(([key, text]) => (row[key] ?? '') === text));
  if (hit.length === 0) throw usageError(`${target.label} has nothing that matches in ${field}`);
  if (hit.length > 1 && !force)
    throw usageError(`${hit.length} match in ${field} of ${target.label}`, 'say more of the one, or --force for all');
  await target.write(context, { ...value, [field]: rows.filter((row) => !hit.includes(row)) }, etag);
}

const rowsOf = (value: Fields, field: string) => value[field] as Row[];
