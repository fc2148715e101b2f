/** `metadata.yaml` of an image: read with distrust, and written. */
import { parse, stringify } from 'yaml';
import { type ImageMetadata, ImageRefused, type ImageTemplate } from '../core/ports/images.ts';
import { architecturesOf, kernelArchitecture } from '../lib/architecture.ts';
import { plainText } from '../lib/plain-text.ts';
import { templateEntries } from '../lib/template-entries.ts';

export const metadataLimitBytes = 256 * 1024;

export const hostArchitecture = {
  x64: 'x86_64',
  arm64: 'aarch64',
  riscv64: 'riscv64',
  s390x: 's390x',
  ppc64: 'ppc64le',
}[process.arch as string];

export function parseMetadata(text: string, host: string | undefined): ImageMetadata {
  const data = record(readYaml(text), 'metadata.yaml');
  const named = plainText(data.architecture);
  const architecture = kernelArchitecture(named);
  if (!architecture) throw broken(`architecture ${JSON.stringify(named.slice(0, 60))} is not known`);
  if (host && !architecturesOf(host).includes(architecture))
    throw new ImageRefused('mismatch', `the image is made for ${architecture}, this host is ${host}`);
  const expiryDate = date(data.expiry_date, 'expiry_date');
  return {
    architecture,
    creationDate: date(data.creation_date, 'creation_date') ?? new Date(0),
    ...(expiryDate && expiryDate.getTime() > 0 ? { expiryDate } : {}),
    properties: texts(data.properties, 'properties'),
    templates: Object.fromEntries(
      Object.entries(record(data.templates ?? {}, 'templates')).map(([path, entry]) => [path, template(path, entry)]),
    ),
  };
}

/** Guests do without metadata that make no sense: their files are what travels. */
export function readableMetadata(text: string): ImageMetadata | undefined {
  try {
    return parseMetadata(text, undefined);
  } catch {
    return undefined;
  }
}

function readYaml(text: string): unknown {
  if (text.length > metadataLimitBytes) throw broken(`more than ${metadataLimitBytes} bytes`);
  // Deep nesting costs the parser seconds before it gives up.
  if ((text.match(/[[{]/g)?.length ?? 0) > 2000 || /(?:[-?:][ \t]+){30}/.test(text)) throw broken('nested too deep');
  try {
    return parse(text, { maxAliasCount: 20, logLevel: 'error' });
  } catch (cause) {
    const first = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
    throw broken(`not YAML: ${first}`);
  }
}

function template(path: string, entry: unknown): ImageTemplate {
  const data = record(entry, `template ${path}`);
  const name = plainText(data.template);
  if (!path.startsWith('/') || path.split('/').includes('..') || path.includes('\0'))
    throw broken(`template path ${JSON.stringify(path)} is not an absolute path of the guest`);
  if (!isTemplateName(name)) throw broken(`template ${path}: ${JSON.stringify(name)} is not a file name`);
  const when = data.when === undefined || data.when === null ? [] : data.when;
  if (!Array.isArray(when)) throw broken(`template ${path}: "when" is not a list`);
  const uid = number(data.uid, `template ${path}: uid`, 10);
  const gid = number(data.gid, `template ${path}: gid`, 10);
  const mode = number(data.mode, `template ${path}: mode`, 8);
  return {
    when: when.filter((event) => event === 'create' || event === 'copy' || event === 'start'),
    createOnly: data.create_only === true,
    template: name,
    properties: texts(data.properties, `template ${path}: properties`),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mode === undefined ? {} : { mode: mode & 0o777 }),
  };
}

export function isTemplateName(name: string): boolean {
  return /^[^/\0]{1,200}$/.test(name) && name !== '.' && name !== '..';
}

export function formatMetadata(metadata: ImageMetadata): string {
  const seconds = (when: Date) => Math.floor(when.getTime() / 1000);
  return stringify({
    architecture: metadata.architecture,
    creation_date: seconds(metadata.creationDate),
    ...(metadata.expiryDate ? { expiry_date: seconds(metadata.expiryDate) } : {}),
    properties: metadata.properties,
    templates: templateEntries(metadata.templates),
  });
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw broken(`${what} is not a map`);
  return value as Record<string, unknown>;
}

function texts(value: unknown, what: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  const pairs = Object.entries(record(value, what)).map(([key, item]) => {
    if (item !== null && typeof item === 'object') throw broken(`${what}: ${key} is not a text`);
    return [key, item === null ? '' : String(item)] as const;
  });
  return Object.fromEntries(pairs);
}

function date(value: unknown, what: string): Date | undefined {
  if (value === undefined || value === null) return undefined;
  const result = new Date(Number(value) * 1000);
  if (Number.isNaN(result.getTime())) throw broken(`${what} is not a time in seconds`);
  return result;
}

function number(value: unknown, what: string, base: 8 | 10): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  // A mode that is written as a number was meant in octal: YAML 1.2 reads 0644 as 644.
  const result = /^[0-9]{1,5}$/.test(String(value)) ? Number.parseInt(String(value), base) : Number.NaN;
  if (!(result >= 0 && result <= 65_535)) throw broken(`${what} is ${JSON.stringify(value)}`);
  return result;
}

function broken(why: string): ImageRefused {
  return new ImageRefused('broken', `image metadata: ${why}`);
}
