/** The images of the recordings, made again from the busybox test image: the same metadata, other fingerprints. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testImages } from '../daemon.ts';

const metadata = `architecture: x86_64
creation_date: 1700000000
properties:
  architecture: x86_64
  description: busybox conformance image
  name: bb-x86_64
  os: busybox
  release: "1"
templates:
  /etc/hostname:
    when: [create, copy]
    template: hostname.tpl
  /etc/tpl-start:
    when: [start]
    template: start.tpl
    properties:
      greeting: hello
`;

export type GoldenImages = {
  unified: { bytes: Buffer; fingerprint: string };
  split: { metadata: Buffer; rootfs: Buffer; fingerprint: string };
};

export function makeGoldenImages(directory: string): GoldenImages {
  const tree = join(directory, 'image');
  mkdirSync(join(tree, 'rootfs'), { recursive: true });
  mkdirSync(join(tree, 'templates'));
  writeFileSync(join(tree, 'metadata.yaml'), metadata);
  writeFileSync(join(tree, 'templates/hostname.tpl'), '{{ container.name }}\n');
  writeFileSync(join(tree, 'templates/start.tpl'), 'trigger={{ trigger }} path={{ path }}\n');
  const tar = (...words: string[]) => execFileSync('tar', words, { cwd: tree });
  tar('-xf', join(testImages, 'busybox.tar'), '-C', 'rootfs', '--numeric-owner');
  tar('-czf', '../bb.tar.gz', '--numeric-owner', 'metadata.yaml', 'rootfs', 'templates');
  tar('-cJf', '../bbs.meta.tar.xz', '--numeric-owner', 'metadata.yaml', 'templates');
  tar('-cJf', '../bbs.rootfs.tar.xz', '--numeric-owner', '-C', 'rootfs', '.');
  const [unified, meta, rootfs] = ['bb.tar.gz', 'bbs.meta.tar.xz', 'bbs.rootfs.tar.xz'].map((name) =>
    readFileSync(join(directory, name)),
  ) as [Buffer, Buffer, Buffer];
  const sha256 = (...parts: Buffer[]) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest('hex');
  };
  return {
    unified: { bytes: unified, fingerprint: sha256(unified) },
    split: { metadata: meta, rootfs, fingerprint: sha256(meta, rootfs) },
  };
}

/** The body of a split upload, as the client of Incus forms it. */
export function splitUpload({ metadata: meta, rootfs }: GoldenImages['split']): { boundary: string; body: Buffer } {
  const boundary = 'golden-boundary';
  const head = (field: string, file: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${file}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const body = Buffer.concat([
    Buffer.from(head('metadata', 'bbs.meta.tar.xz')),
    meta,
    Buffer.from(`\r\n${head('rootfs', 'bbs.rootfs.tar.xz')}`),
    rootfs,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { boundary, body };
}
