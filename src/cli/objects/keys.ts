/** `get`, `set` and `unset` of single keys of anything editable. */
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { Editable, Fields } from './editable.ts';

/** Fields that are no keys: `--property` reaches them. */
export type KeyOptions = { property: boolean; expanded?: boolean };

export async function getKey(context: Context, target: Editable, key: string, options: KeyOptions): Promise<void> {
  const { value } = await target.read(context);
  const from = options.expanded ? value.expanded_config : value[target.keys];
  const found = options.property ? value[key] : (from as Fields | undefined)?.[key];
  if (options.property && found === undefined) throw new CliError(`${target.label} has no property "${key}"`);
  context.print(`${typeof found === 'object' ? JSON.stringify(found) : String(found ?? '')}\n`);
}

export async function setKeys(
  context: Context,
  target: Editable,
  changes: Readonly<Record<string, string>>,
  options: KeyOptions,
): Promise<void> {
  const { value, etag } = await target.read(context);
  const changed = options.property ? withProperties(target, value, changes) : withKeys(target, value, changes);
  await target.write(context, changed, etag);
}

export async function unsetKey(context: Context, target: Editable, key: string, options: KeyOptions): Promise<void> {
  const { value, etag } = await target.read(context);
  if (options.property) {
    await target.write(context, withProperties(target, value, { [key]: '' }), etag);
    return;
  }
  const { [key]: old, ...rest } = value[target.keys] as Fields;
  if (old === undefined)
    throw new CliError(`${target.label} has no own key "${key}"`, { help: 'show lists the keys that are set' });
  await target.write(context, { ...value, [target.keys]: rest }, etag);
}

/** An empty value unsets, as in Incus. */
function withKeys(target: Editable, value: Fields, changes: Readonly<Record<string, string>>): Fields {
  const merged = { ...(value[target.keys] as Fields), ...changes };
  return { ...value, [target.keys]: Object.fromEntries(Object.entries(merged).filter(([, one]) => one !== '')) };
}

function withProperties(target: Editable, value: Fields, changes: Readonly<Record<string, string>>): Fields {
  const typed = Object.entries(changes).map(([name, text]) => {
    if (!target.editable.includes(name) || typeof value[name] === 'object') {
      throw new CliError(`"${name}" is no property of ${target.label} that can be set`, {
        help: `one of ${target.editable.filter((one) => typeof value[one] !== 'object').join(', ')}`,
      });
    }
    return [name, typeof value[name] === 'boolean' ? text === 'true' : text];
  });
  return { ...value, ...Object.fromEntries(typed) };
}
