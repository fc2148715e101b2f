/**
 * The two kinds of JSON of a simplestreams server, read with distrust: the index names files of products, each of which holds
 * versions with their downloads. What is incomplete, of an unknown kind or points outside the server is left out. Pure.
 */
import { kernelArchitecture } from '../architecture.ts';
import { plainText } from '../plain-text.ts';
import { type Fields, fieldsOf, hashOf, pathOf, sizeOf, textOf } from './json.ts';

export type StreamFile = { path: string; sizeBytes: number; sha256: string };
export type StreamImage = {
  fingerprint: string;
  type: 'container' | 'virtual-machine';
  /** The kernel's name. */
  architecture: string;
  /** As the server writes them; each is found with `/architecture` behind it as well. */
  aliases: string[];
  properties: Record<string, string>;
  createdAt: Date;
  expiresAt: Date | undefined;
  filename: string;
  sizeBytes: number;
  /** One file: unified; two: metadata, then root file system. */
  files: [StreamFile] | [StreamFile, StreamFile];
};

/** Files of products that hold images, in the order of the index. */
export function parseIndex(data: unknown): string[] {
  const entries = Object.values(fieldsOf(fieldsOf(data).index)).map(fieldsOf);
  return entries.flatMap((entry) => {
    const products = Array.isArray(entry.products) ? entry.products : [];
    const path = pathOf(entry.path);
    return path && entry.datatype === 'image-downloads' && products.length > 0 ? [path] : [];
  });
}

/** Combined hashes of a root file system's kind, on the metadata's item; the first that is there counts. */
const rootKinds: Record<string, { hashes: string[]; machine?: true }> = {
  squashfs: { hashes: ['combined_squashfs_sha256'] },
  'root.tar.xz': { hashes: ['combined_rootxz_sha256', 'combined_sha256'] },
  'disk-kvm.img': { hashes: ['combined_disk-kvm-img_sha256'], machine: true },
  'disk1.img': { hashes: ['combined_disk1-img_sha256'], machine: true },
  'uefi1.img': { hashes: ['combined_uefi1-img_sha256'], machine: true },
};
const metadataKinds = ['incus.tar.xz', 'lxd.tar.xz'];
const unifiedKinds = ['incus_combined.tar.gz', 'lxd_combined.tar.gz'];

export function parseProducts(data: unknown): StreamImage[] {
  const { datatype, products } = fieldsOf(data);
  if (datatype !== undefined && datatype !== 'image-downloads') return [];
  return Object.values(fieldsOf(products)).flatMap((product) => imagesOfProduct(fieldsOf(product)));
}

function imagesOfProduct(product: Fields): StreamImage[] {
  const architecture = kernelArchitecture(textOf(product.arch));
  if (!architecture) return [];
  return Object.entries(fieldsOf(product.versions)).flatMap(([name, version]) => {
    const createdAt = dayOf(name);
    if (!createdAt) return [];
    const { items, label } = fieldsOf(version);
    const common = { product, architecture, serial: name, createdAt, label: textOf(label) };
    return imagesOfVersion(Object.values(fieldsOf(items)).map(fieldsOf), common);
  });
}

type Common = { product: Fields; architecture: string; serial: string; createdAt: Date; label: string };

function imagesOfVersion(items: readonly Fields[], common: Common): StreamImage[] {
  const ofKind = (kinds: readonly string[]) => kinds.map((kind) => items.find(({ ftype }) => ftype === kind));
  const images: StreamImage[] = [];
  const unified = ofKind(unifiedKinds).find((item) => item !== undefined);
  const whole = unified && fileOf(unified);
  if (whole) images.push(imageOf(common, { fingerprint: whole.sha256, files: [whole], kind: textOf(unified.ftype) }));
  const metadata = ofKind(metadataKinds).find((item) => item !== undefined);
  const first = metadata && fileOf(metadata);
  if (!first) return images;
  for (const [kind, { hashes }] of Object.entries(rootKinds)) {
    const [item] = ofKind([kind]);
    const second = item && fileOf(item);
    const fingerprint = hashes.map((name) => hashOf(metadata[name])).find((hash) => hash !== undefined);
    if (second && fingerprint) images.push(imageOf(common, { fingerprint, files: [first, second], kind }));
  }
  return images;
}

function fileOf(item: Fields): StreamFile | undefined {
  const path = pathOf(item.path);
  const sizeBytes = sizeOf(item.size);
  const sha256 = hashOf(item.sha256);
  return path && sizeBytes && sha256 ? { path, sizeBytes, sha256 } : undefined;
}

type Found = { fingerprint: string; files: StreamImage['files']; kind: string };

function imageOf({ product, architecture, serial, createdAt, label }: Common, found: Found): StreamImage {
  const [os, release, title] = [textOf(product.os), textOf(product.release), textOf(product.release_title)];
  const description = [os, title || release, textOf(product.arch), label && `(${label})`, `(${serial})`];
  const requirements = Object.entries(fieldsOf(product.requirements)).map(
    ([name, value]) => [`requirements.${name}`, plainText(value)] as const,
  );
  const properties: Record<string, string> = {
    os,
    release,
    version: textOf(product.version),
    variant: textOf(product.variant),
    architecture: textOf(product.arch),
    label,
    serial,
    description: description.filter((word) => word !== '').join(' '),
    type: found.kind,
    ...Object.fromEntries(requirements),
  };
  const aliases = textOf(product.aliases)
    .split(',')
    .map((alias) => alias.trim());
  return {
    fingerprint: found.fingerprint,
    type: rootKinds[found.kind]?.machine ? 'virtual-machine' : 'container',
    architecture,
    aliases: aliases.filter((alias) => alias !== ''),
    properties: Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== '')),
    createdAt,
    expiresAt: /^\d{4}-\d\d-\d\d$/.test(textOf(product.support_eol)) ? dateOf(textOf(product.support_eol)) : undefined,
    filename: found.files[0].path.split('/').at(-1) ?? '',
    sizeBytes: found.files.reduce((sum, file) => sum + file.sizeBytes, 0),
    files: found.files,
  };
}

/** The day of a version's name: `20240101_07:42`. */
function dayOf(name: string): Date | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)/.exec(name) ?? [];
  return year === undefined ? undefined : dateOf(`${year}-${month}-${day}`);
}

function dateOf(text: string): Date | undefined {
  const date = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
