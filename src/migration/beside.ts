/** What travels beside the root file system of an instance: the image's metadata and templates, small files with plain names. */
import { constants } from 'node:fs';
import { lstat, mkdir, open, opendir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BesideTree } from '../core/ports/backups.ts';
import { formatMetadata, isTemplateName, metadataLimitBytes, readableMetadata } from '../images/metadata.ts';

const filesLimit = 2000;
const fileBytes = 1024 * 1024;
const allBytes = 64 * 1024 * 1024;

const metadataName = 'metadata.yaml';
const templatesName = 'templates';

export async function writeBeside(frame: string, { metadata, templates }: BesideTree): Promise<void> {
  const write = (path: string, text: string) => writeFile(join(frame, path), text, { mode: 0o644, flag: 'wx' });
  if (metadata) await write(metadataName, formatMetadata(metadata));
  await mkdir(join(frame, templatesName), { mode: 0o755 });
  for (const [name, text] of Object.entries(templates))
    if (isTemplateName(name)) await write(join(templatesName, name), text);
}

/** Whatever else lies there, under whatever name, is left alone. */
export async function readBeside(frame: string): Promise<BesideTree> {
  const text = await readPlainFile(join(frame, metadataName), metadataLimitBytes);
  const metadata = text === undefined ? undefined : readableMetadata(text);
  return { ...(metadata ? { metadata } : {}), templates: await readTemplates(join(frame, templatesName)) };
}

async function readTemplates(folder: string): Promise<Record<string, string>> {
  const texts: [string, string][] = [];
  const status = await lstat(folder).catch(() => undefined);
  if (!status?.isDirectory()) return {};
  let bytes = 0;
  for await (const { name } of await opendir(folder)) {
    if (texts.length >= filesLimit || bytes >= allBytes) break;
    const text = isTemplateName(name) ? await readPlainFile(join(folder, name), fileBytes) : undefined;
    if (text === undefined) continue;
    bytes += text.length;
    texts.push([name, text]);
  }
  return Object.fromEntries(texts);
}

/** Undefined for anything but a small regular file. */
async function readPlainFile(path: string, limitBytes: number): Promise<string | undefined> {
  // What is no file is not opened either: a device may do something when it is.
  if (!(await lstat(path).catch(() => undefined))?.isFile()) return undefined;
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  if (!file) return undefined;
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size > limitBytes) return undefined;
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
