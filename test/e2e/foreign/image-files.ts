/** Image files in all their forms, made of the test image busybox; another description makes another image. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testImages } from '../../daemon.ts';

export const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

export type ImageFileSet = {
  description: string;
  unified: string;
  metadata: string;
  rootfs: string;
  squashfs: string | undefined;
};

export const hashOf = (...paths: string[]) =>
  paths.reduce((hash, path) => hash.update(readFileSync(path)), createHash('sha256')).digest('hex');

export function makeImageFiles(directory: string, name: string, options: { squashfs?: boolean } = {}): ImageFileSet {
  const folder = join(directory, name);
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'rootfs'), { recursive: true });
  mkdirSync(join(tree, 'templates'));
  const description = `busybox ${name}`;
  writeFileSync(join(tree, 'templates', 'name.tpl'), '{{ container.name }} of {{ properties.word }}\n');
  writeFileSync(
    join(tree, 'metadata.yaml'),
    [
      `architecture: ${architecture}`,
      'creation_date: 1700000000',
      `properties: {description: ${description}, os: busybox, release: "1"}`,
      'templates: {/etc/made: {when: [create, copy], template: name.tpl, properties: {word: templates}}}\n',
    ].join('\n'),
  );
  const run = (program: string, ...words: string[]) => execFileSync(program, words, { stdio: 'pipe' });
  run('tar', '-xf', join(testImages, 'busybox.tar'), '-C', join(tree, 'rootfs'), '--exclude=./dev/*');
  const file = (ending: string) => join(folder, `${name}.${ending}`);
  run('tar', '-czf', file('tar.gz'), '-C', tree, 'metadata.yaml', 'templates', 'rootfs');
  run('tar', '-cJf', file('meta.tar.xz'), '-C', tree, 'metadata.yaml', 'templates');
  run('tar', '-cJf', file('rootfs.tar.xz'), '-C', join(tree, 'rootfs'), '.');
  if (options.squashfs) run('mksquashfs', join(tree, 'rootfs'), file('squashfs'), '-noappend', '-quiet');
  return {
    description,
    unified: file('tar.gz'),
    metadata: file('meta.tar.xz'),
    rootfs: file('rootfs.tar.xz'),
    squashfs: options.squashfs ? file('squashfs') : undefined,
  };
}
