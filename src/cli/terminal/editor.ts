/**
 * Lets the user edit a text: $VISUAL, $EDITOR, or what the system calls its editor. The one place where the command line
 * starts a program: an editor needs this terminal, which only a child of this process can have.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';

const fallbacks = ['/usr/bin/editor', '/usr/bin/nano', '/usr/bin/vim', '/usr/bin/vi'];

/** `extension` lets the editor choose its colours. */
export async function editText(context: Context, text: string | Buffer, extension: string): Promise<string> {
  const bytes = await editBytes(context, Buffer.from(text), extension);
  return bytes.toString();
}

export async function editBytes(context: Context, content: Buffer, extension: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'gast-edit-'));
  try {
    const path = join(directory, `text.${extension}`);
    await writeFile(path, content, { mode: 0o600 });
    await runEditor(editorOf(context), path);
    return await readFile(path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function editorOf({ env }: Context): string {
  const editor = env.VISUAL || env.EDITOR || fallbacks.find((path) => existsSync(path));
  if (editor) return editor;
  throw new CliError('There is no editor', { help: 'set EDITOR, like EDITOR=nano, or give the text on stdin' });
}

/** $EDITOR may carry options, like `code --wait`: a shell splits them, the path is handed over beside. */
async function runEditor(editor: string, path: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit' });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('exit', resolve);
  const code = await promise;
  if (code !== 0) throw new CliError(`The editor "${editor}" ended with ${code ?? 'a signal'}; nothing was changed`);
}
