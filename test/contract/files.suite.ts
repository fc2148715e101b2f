/** The laws of the files port. `open` gives an empty guest root and what lies beside it on the host. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { FileRefused, type GuestFiles, type GuestRoot } from '../../src/core/ports/files.ts';

export type OpenedFiles = AsyncDisposable & {
  files: GuestFiles;
  root: GuestRoot /** A directory outside the root. */;
  outside: string;
};

export async function textOf(files: GuestFiles, root: GuestRoot, path: string): Promise<string> {
  const pulled = await files.pull(root, path);
  assert.equal(pulled.kind, 'file');
  return pulled.kind === 'file' ? (await buffer(pulled.content)).toString() : '';
}

const refused = (reason: FileRefused['reason']) => (error: unknown) => {
  assert.ok(error instanceof FileRefused, `not a refusal: ${error}`);
  assert.equal(error.reason, reason);
  return true;
};

export function filesSuite(name: string, open: () => Promise<OpenedFiles>): void {
  describe(`files port: ${name}`, () => {
    test('a new file is root:root 0644 inside, explicit owner and mode are kept by later pushes', async () => {
      await using opened = await open();
      const { files, root } = opened;
      await files.pushFile(root, '/f', Readable.from(['one']), {});
      assert.partialDeepStrictEqual(await files.stat(root, 'f'), {
        kind: 'file',
        uid: 0,
        gid: 0,
        mode: 0o644,
        sizeBytes: 3,
      });
      await files.pushFile(root, '/f', Readable.from(['two!']), { uid: 1000, gid: 50, mode: 0o4750 });
      await files.pushFile(root, '/f', Readable.from(['three']), {});
      assert.partialDeepStrictEqual(await files.stat(root, '/f'), { uid: 1000, gid: 50, mode: 0o4750 });
      assert.equal(await textOf(files, root, '/f'), 'three');
      assert.equal(lstatSync(join(root.path, 'f')).uid, root.range.base + 1000);
      await assert.rejects(files.pushFile(root, '/f', Readable.from(['x']), { uid: 65536 }), refused('invalid'));
    });

    test('owners outside the range are shown as nobody', async () => {
      await using opened = await open();
      const { files, root } = opened;
      writeFileSync(join(root.path, 'foreign'), '');
      chownSync(join(root.path, 'foreign'), root.range.base + root.range.size, 5);
      assert.partialDeepStrictEqual(await files.stat(root, '/foreign'), { uid: 65534, gid: 65534 });
    });

    test('links resolve inside the root, however they try to leave it', async () => {
      await using opened = await open();
      const { files, root, outside } = opened;
      writeFileSync(join(outside, 'secret'), 'host');
      symlinkSync(outside, join(root.path, 'absolute'));
      symlinkSync(`../../../../../../../../../..${outside}`, join(root.path, 'dots'));
      for (const path of ['absolute/secret', 'dots/secret', `/../../../..${outside}/secret`, `..${outside}/secret`])
        await assert.rejects(files.pull(root, path), refused('not-found'), path);
      for (const path of ['absolute/new', 'dots/new'])
        await assert.rejects(files.pushFile(root, path, Readable.from(['x']), {}), refused('not-found'), path);
      symlinkSync(join(outside, 'made'), join(root.path, 'dangling'));
      await assert.rejects(files.pushFile(root, 'dangling', Readable.from(['x']), {}), refused('not-found'));
      mkdirSync(join(root.path, 'etc'));
      symlinkSync('/etc/target', join(root.path, 'inner'));
      await files.pushFile(root, 'inner', Readable.from(['in']), {});
      assert.equal(readFileSync(join(root.path, 'etc/target'), 'utf8'), 'in');
      symlinkSync('ring', join(root.path, 'ring'));
      await assert.rejects(files.pushFile(root, 'ring', Readable.from(['x']), {}), refused('loop'));
      assert.deepEqual(readdirSync(outside), ['secret']);
    });

    test('FIFOs, sockets and devices are refused at once', { timeout: 5000 }, async () => {
      await using opened = await open();
      const { files, root } = opened;
      execFileSync('mkfifo', [join(root.path, 'fifo')]);
      execFileSync('mknod', [join(root.path, 'device'), 'c', '1', '9']);
      const server = createServer().listen(join(root.path, 'socket'));
      await new Promise((resolve) => server.once('listening', resolve));
      for (const path of ['fifo', 'socket', 'device']) {
        await assert.rejects(files.pull(root, path), refused('special'));
        await assert.rejects(files.stat(root, path), refused('special'));
        for (const append of [true, false])
          await assert.rejects(files.pushFile(root, path, Readable.from(['x']), { append }), refused('special'));
      }
      await files.remove(root, 'fifo');
      server.close();
    });

    test('a failed or aborted push leaves the old file and nothing beside it', async () => {
      await using opened = await open();
      const { files, root } = opened;
      const failing = () =>
        Readable.from(
          (async function* () {
            yield 'part';
            throw new Error('sender gone');
          })(),
        );
      for (const append of [false, true]) {
        await files.pushFile(root, 'f', Readable.from(['old']), {});
        await assert.rejects(files.pushFile(root, 'f', failing(), { append }), /sender gone/);
        const silent = new Readable({ read() {} });
        const aborted = files.pushFile(root, 'f', silent, { append, signal: AbortSignal.timeout(30) });
        await assert.rejects(aborted, /timeout|aborted/i);
        assert.equal(await textOf(files, root, 'f'), 'old');
        assert.deepEqual(readdirSync(root.path), ['f']);
      }
      await assert.rejects(files.pushFile(root, 'new', failing(), {}), /sender gone/);
      assert.deepEqual(readdirSync(root.path), ['f']);
    });

    test('append adds, and makes a missing file', async () => {
      await using opened = await open();
      const { files, root } = opened;
      await files.pushFile(root, 'f', Readable.from(['a']), { append: true, uid: 7 });
      await files.pushFile(root, 'f', Readable.from(['b']), { append: true });
      assert.equal(await textOf(files, root, 'f'), 'ab');
      assert.equal((await files.stat(root, 'f')).uid, 7);
    });

    test('directories and links: made once, listed, told apart', async () => {
      await using opened = await open();
      const { files, root } = opened;
      await files.pushDirectory(root, '/d', { uid: 3, gid: 4, mode: 0o2770 });
      await files.pushDirectory(root, '/d/', {});
      await files.pushDirectory(root, '/', {});
      assert.partialDeepStrictEqual(await files.stat(root, '/d'), { kind: 'directory', uid: 3, gid: 4, mode: 0o2770 });
      await files.pushSymlink(root, '/d/l', '../nowhere', { uid: 9 });
      await files.pushSymlink(root, '/d/l', '../nowhere', {});
      await assert.rejects(files.pushSymlink(root, '/d/l', 'other', {}), refused('exists'));
      assert.partialDeepStrictEqual(await files.pull(root, '/d/l'), { kind: 'symlink', target: '../nowhere', uid: 9 });
      assert.partialDeepStrictEqual(await files.pull(root, '/d'), { kind: 'directory', entries: ['l'] });
      await assert.rejects(files.pushDirectory(root, '/d/l', {}), refused('exists'));
      await assert.rejects(files.pushFile(root, '/d', Readable.from(['x']), {}), refused('is-a-directory'));
      await files.pushFile(root, '/f', Readable.from(['x']), {});
      await assert.rejects(files.pushFile(root, '/f/x', Readable.from(['x']), {}), refused('not-a-directory'));
      await assert.rejects(files.stat(root, `/${'n'.repeat(300)}`), refused('too-long'));
      await assert.rejects(files.stat(root, '/a\0b'), refused('invalid'));
    });

    test('remove: empty directories only unless recursive, links themselves, never the root', async () => {
      await using opened = await open();
      const { files, root, outside } = opened;
      writeFileSync(join(outside, 'secret'), 'host');
      mkdirSync(join(root.path, 'd/e/f'), { recursive: true });
      writeFileSync(join(root.path, 'd/e/file'), 'x');
      symlinkSync(outside, join(root.path, 'd/e/out'));
      chmodSync(join(root.path, 'd/e'), 0o500);
      await assert.rejects(files.remove(root, 'd'), refused('not-empty'));
      await assert.rejects(files.remove(root, 'missing'), refused('not-found'));
      for (const path of ['/', '.', '..', 'd/..', '/..//'])
        await assert.rejects(files.remove(root, path, { recursive: true }));
      await files.remove(root, 'd', { recursive: true });
      assert.deepEqual(readdirSync(root.path), []);
      assert.ok(existsSync(join(outside, 'secret')));
    });

    test('remove: a tree deeper than any path may be long', async () => {
      await using opened = await open();
      const { files, root } = opened;
      const script = 'my $n = "d" x 200; for (1..400) { mkdir $n; chdir $n or die }';
      execFileSync('perl', ['-e', script], { cwd: root.path });
      await files.remove(root, 'd'.repeat(200), { recursive: true });
      assert.deepEqual(readdirSync(root.path), []);
    });
  });
}
