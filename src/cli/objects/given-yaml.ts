/** The YAML that `create` commands take from a file on stdin: `gast network acl create web < web.yaml`. */
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { fromYaml } from '../output/yaml.ts';
import { isWholeFile, readAll } from '../terminal/read-all.ts';
import type { Fields } from './editable.ts';

/** Empty when no file was handed over. */
export async function givenYaml(context: Context): Promise<Fields> {
  if (!isWholeFile(0)) return {};
  const text = await readAll(context.streams.stdin);
  const value = await fromYaml(text).catch((error: Error) => {
    throw new CliError(`This is no YAML: ${error.message}`);
  });
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  throw new CliError('This YAML is no object', { help: 'keep the form that show prints' });
}
