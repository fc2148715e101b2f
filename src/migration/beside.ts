/** What travels beside the root file system of an instance: the image's metadata and templates, small files with plain names. */
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const fileBytes = 1024 * 1024;
const filesLimit = 200;
const templates = 'templates';
const isPlainName = (name: string) => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,200}$/.test(name);

export async function writeBeside(frame: string, beside: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of beside) {
    const file = join(frame, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, text, { mode: 0o644, flag: 'wx' });
  }
}

/** Whatever else lies there, under whatever name, is left alone. */
export async function readBeside(frame: string, beside: Map<string, string>): Promise<void> {
  beside.clear();
  const folder = join(frame, templates);
  const status = await lstat(folder).catch(() => undefined);
  const names = status?.isDirectory() ? await readdir(folder) : [];
  const wanted = [
    'metadata.yaml',
    ...names
      .filter(isPlainName)
      .slice(0, filesLimit)
      .map((name) => join(templates, name)),
  ];
  for (const path of wanted) {
    const text = await readPlainFile(join(frame, path));
    if (text !== undefined) beside.set(path, text);
  }
}

/** Undefined for anything but a small regular file. */
async function readPlainFile(path: string): Promise<string | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  if (!file) return undefined;
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size > fileBytes) return undefined;
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
