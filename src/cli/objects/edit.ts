/** `edit`: the object as YAML in the user's editor, or from stdin; sent only when something was changed. */
import { ClientError } from '../../client/client-error.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { fromYaml, toYaml } from '../output/yaml.ts';
import { editText } from '../terminal/editor.ts';
import { readAll } from '../terminal/read-all.ts';
import { type Editable, type Fields, pick } from './editable.ts';

export async function editObject(context: Context, target: Editable): Promise<void> {
  const { value, etag } = await target.read(context);
  const before = await toYaml(pick(value, target.editable));
  if (!context.streams.stdin.isTTY) {
    await target.write(context, { ...value, ...(await objectIn(await readAll(context.streams.stdin))) }, etag);
    return;
  }
  let text = `${context.texts('edit-header')}\n\n${before}`;
  for (;;) {
    text = await editText(context, text, 'yaml');
    const plain = withoutComments(text);
    if (plain.trim() === '' || plain === before) return context.say(context.texts('unchanged'));
    try {
      await target.write(context, { ...value, ...(await objectIn(plain)) }, etag);
      return;
    } catch (error) {
      if (!(error instanceof ClientError || error instanceof CliError)) throw error;
      context.say(`${context.texts('error')}: ${error.message}\n${context.texts('edit-again')}`);
      await enterKey(context);
    }
  }
}

async function objectIn(text: string): Promise<Fields> {
  let value: unknown;
  try {
    value = await fromYaml(text);
  } catch (error) {
    throw new CliError(`This is no YAML: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new CliError('This YAML is no object', { help: 'keep the form that show prints' });
}

const withoutComments = (text: string) => text.replace(/^#.*\n?/gm, '').replace(/^\n+/, '');

async function enterKey({ streams: { stdin } }: Context): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stdin.once('data', () => resolve());
  stdin.resume();
  await promise;
  stdin.pause();
}
