/** What travels beside the root file system of an instance: the image's metadata and templates, small files with plain names. */
import { constants } from 'node:fs';
import { lstat, mkdir, open, opendir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BesideTree } from '../core/ports/backups.ts';
import { isMachineFile, machineFileBytes } from '../core/ports/machine-files.ts';
import { formatMetadata, isTemplateName, metadataLimitBytes, readableMetadata } from '../images/metadata.ts';

const filesLimit = 2000;
const fileBytes = 1024 * 1024;
const allBytes = 64 * 1024 * 1024;

const metadataName = 'metadata.yaml';
const templatesName = 'templates';

export async function writeBeside(frame: string, { metadata, templates, machine }: BesideTree): Promise<void> {
  const write = (path: string, text: string) => writeFile(join(frame, path), text, { mode: 0o644, flag: 'wx' });
  if (metadata) await write(metadataName, formatMetadata(metadata));
  await mkdir(join(frame, templatesName), { mode: 0o755 });
  for (const [name, text] of Object.entries(templates))
    if (isTemplateName(name)) await write(join(templatesName, name), text);
  for (const [name, bytes] of Object.entries(machine ?? {})) {
    if (name.includes('/')) await mkdir(join(frame, dirname(name)), { recursive: true, mode: 0o755 });
    await writeFile(join(frame, name), bytes, { mode: 0o644, flag: 'wx' });
  }
}

/** Whatever else lies there, under whatever name, is left alone. */
export async function readBeside(frame: string): Promise<BesideTree> {
  const text = (await readPlainFile(join(frame, metadataName), metadataLimitBytes))?.toString('utf8');
  const metadata = text === undefined ? undefined : readableMetadata(text);
  const templates = await readTemplates(join(frame, templatesName));
  const machine = await readMachineFiles(frame);
  return { ...(metadata ? { metadata } : {}), templates, ...(Object.keys(machine).length > 0 ? { machine } : {}) };
}

/** Those that a machine has; whatever else lies there is left alone. */
async function readMachineFiles(frame: string): Promise<Record<string, Buffer>> {
  const paths: string[] = [];
  for (const folder of ['', ...(await namesIn(frame)).filter((name) => name.startsWith('tpm'))])
    for (const name of await namesIn(join(frame, folder))) paths.push(join(folder, name));
  const files: Record<string, Buffer> = {};
  let bytes = 0;
  for (const path of paths.filter(isMachineFile)) {
    const content = bytes < allBytes ? await readPlainFile(join(frame, path), machineFileBytes) : undefined;
    if (content) files[path] = content;
    bytes += content?.length ?? 0;
  }
  return files;
}

/** The first of them; none of what is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  if (!(await lstat(folder).catch(() => undefined))?.isDirectory()) return [];
  const names: string[] = [];
  for await (const { name } of await opendir(folder)) if (names.push(name) >= filesLimit) break;
  return names;
}

async function readTemplates(folder: string): Promise<Record<string, string>> {
  const texts: [string, string][] = [];
  const status = await lstat(folder).catch(() => undefined);
  if (!status?.isDirectory()) return {};
  let bytes = 0;
  for await (const { name } of await opendir(folder)) {
    if (texts.length >= filesLimit || bytes >= allBytes) break;
    const text = isTemplateName(name)
      ? (await readPlainFile(join(folder, name), fileBytes))?.toString('utf8')
      : undefined;
    if (text === undefined) continue;
    bytes += text.length;
    texts.push([name, text]);
  }
  return Object.fromEntries(texts);
}

/** Undefined for anything but a small regular file. */
async function readPlainFile(path: string, limitBytes: number): Promise<Buffer | undefined> {
  // What is no file is not opened either: a device may do something when it is.
  if (!(await lstat(path).catch(() => undefined))?.isFile()) return undefined;
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  if (!file) return undefined;
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size > limitBytes) return undefined;
    return await file.readFile();
  } finally {
    await file.close();
  }
}
