/** A simplestreams image server on loopback, with a certificate that the daemon and the clients are told to trust. */
import { createReadStream, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { makeSelfSigned } from '../../../src/lib/self-signed-certificate.ts';
import { hashOf, type ImageFileSet } from './image-files.ts';

export type StreamServer = AsyncDisposable & {
  url: string;
  /** Of the certificate, for NODE_EXTRA_CA_CERTS and SSL_CERT_FILE. */
  authority: string;
  /** Paths that were asked for. */
  asked: string[];
  /** What the server has, by product: the versions with their files. */
  products: Record<string, Product>;
  /** Answers instead of the files, by path. */
  answers: Map<string, string>;
  /** Further headers, by path. */
  headers: Map<string, Record<string, string>>;
};
export type Product = { aliases: string; versions: Record<string, ImageFileSet>; kinds?: readonly Kind[] };
type Kind = 'root.tar.xz' | 'squashfs' | 'incus_combined.tar.gz';

export async function startStreamServer(directory: string): Promise<StreamServer> {
  const pair = makeSelfSigned({
    commonName: 'images',
    organization: 'test',
    hosts: ['127.0.0.1', 'localhost'],
    from: new Date(Date.now() - 86_400_000),
    years: 1,
  });
  const authority = join(directory, 'authority.crt');
  writeFileSync(authority, pair.certificate);
  const products: Record<string, Product> = {};
  const asked: string[] = [];
  const answers = new Map<string, string>();
  const headers = new Map<string, Record<string, string>>();
  const server = createServer({ cert: pair.certificate, key: pair.key }, (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.push(path);
    const text = answers.get(path) ?? listOf(path, products);
    const file = fileOf(path, products);
    response.writeHead(text === undefined && file === undefined && !headers.has(path) ? 404 : 200, headers.get(path));
    if (text !== undefined || file === undefined) response.end(text);
    else createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    authority,
    asked,
    products,
    answers,
    headers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listOf(path: string, products: Record<string, Product>): string | undefined {
  if (path === '/streams/v1/index.json')
    return JSON.stringify({
      format: 'index:1.0',
      index: {
        images: {
          datatype: 'image-downloads',
          path: 'streams/v1/images.json',
          format: 'products:1.0',
          products: Object.keys(products),
        },
      },
    });
  if (path !== '/streams/v1/images.json') return undefined;
  const shown = Object.entries(products).map(([name, product]) => [name, productOf(product)]);
  return JSON.stringify({
    content_id: 'images',
    datatype: 'image-downloads',
    format: 'products:1.0',
    products: Object.fromEntries(shown),
  });
}

function productOf({ aliases, versions, kinds = ['root.tar.xz'] }: Product) {
  const items = (files: ImageFileSet) =>
    Object.fromEntries(itemsOf(files, kinds).map((item) => [item.ftype, item] as const));
  return {
    aliases,
    arch: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'Busybox',
    release: '1',
    release_title: '1',
    variant: 'default',
    requirements: { secureboot: 'false' },
    versions: Object.fromEntries(Object.entries(versions).map(([name, files]) => [name, { items: items(files) }])),
  };
}

function itemsOf(files: ImageFileSet, kinds: readonly Kind[]): { ftype: string }[] {
  const item = (ftype: string, path: string) => ({
    ftype,
    path: `images/${basename(path)}`,
    size: statSync(path).size,
    sha256: hashOf(path),
  });
  if (kinds.includes('incus_combined.tar.gz')) return [item('incus_combined.tar.gz', files.unified)];
  const metadata = {
    combined_sha256: hashOf(files.metadata, files.rootfs),
    combined_rootxz_sha256: hashOf(files.metadata, files.rootfs),
    ...(files.squashfs ? { combined_squashfs_sha256: hashOf(files.metadata, files.squashfs) } : {}),
  };
  return [
    { ...item('incus.tar.xz', files.metadata), ...metadata },
    { ...item('lxd.tar.xz', files.metadata), ...metadata },
    ...(kinds.includes('root.tar.xz') ? [item('root.tar.xz', files.rootfs)] : []),
    ...(kinds.includes('squashfs') && files.squashfs ? [item('squashfs', files.squashfs)] : []),
  ];
}

function fileOf(path: string, products: Record<string, Product>): string | undefined {
  return Object.values(products)
    .flatMap(({ versions }) => Object.values(versions))
    .flatMap(({ unified, metadata, rootfs, squashfs }) => [unified, metadata, rootfs, squashfs])
    .find((file) => file !== undefined && path === `/images/${basename(file)}`);
}
