/** The program by which a virtual machine serves its own files, with the tools of two systems: coreutils and busybox. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { FileRefused, type MachineRoot } from '../../src/core/ports/files.ts';
import { createMachineFiles } from '../../src/files/machine/machine-files.ts';
import { signalNumber } from '../../src/host/signals.ts';

const skip = process.getuid?.() !== 0 || process.env.LAB_INSIDE !== '1' ? 'needs root in tools/lab' : false;
const files = createMachineFiles();

const refused = (reason: FileRefused['reason']) => (error: unknown) => {
  assert.ok(error instanceof FileRefused, `not a refusal: ${error}`);
  assert.equal(error.reason, reason, error.message);
  return true;
};

/** Commands of "the machine" run here, with nothing but these tools. */
function root(path: string, shell = 'sh'): MachineRoot {
  return {
    async exec([, ...words]) {
      const child = spawn(shell, words, { env: { PATH: path }, cwd: '/' });
      const exitCode = new Promise<number>((resolve) =>
        child.on('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal ?? 'SIGKILL'))),
      );
      const { stdin, stdout, stderr } = child;
      stdin.on('error', () => {});
      return { stdin, stdout, stderr, exitCode, resize() {}, signal() {}, kill: () => void child.kill('SIGKILL') };
    },
  };
}

const systems: Record<string, (folder: string) => string> = {
  coreutils: () => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  busybox(folder) {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const name of execFileSync('busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n'))
      symlinkSync('/bin/busybox', join(bin, name));
    return bin;
  },
};

for (const [name, toolsIn] of Object.entries(systems))
  describe(`files of a machine with ${name}`, { skip }, () => {
    const law = (what: string, body: (machine: MachineRoot, top: string) => Promise<void>) =>
      test(what, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'gast-inside-'));
        try {
          const top = join(folder, 'top');
          mkdirSync(top);
          await body(root(toolsIn(folder)), top);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      });
    const text = async (machine: MachineRoot, path: string) => {
      const pulled = await files.pull(machine, path);
      assert.equal(pulled.kind, 'file');
      return pulled.kind === 'file' ? (await buffer(pulled.content)).toString('latin1') : '';
    };

    law(
      'content is kept byte for byte, also of what looks like its end; owner and mode by later pushes',
      async (m, top) => {
        const bytes = Buffer.from([...Array(256).keys()].flatMap((n) => [n, 10, 0, 255 - n]));
        await files.pushFile(m, `${top}/f`, Readable.from([bytes, Buffer.alloc(300_000, 7)]), {});
        assert.equal(await text(m, `${top}/f`), Buffer.concat([bytes, Buffer.alloc(300_000, 7)]).toString('latin1'));
        assert.partialDeepStrictEqual(await files.stat(m, `${top}/f`), { kind: 'file', uid: 0, gid: 0, mode: 0o644 });
        await files.pushFile(m, `${top}/f`, Readable.from(['two']), { uid: 100_000, gid: 50, mode: 0o4750 });
        await files.pushFile(m, `${top}/f`, Readable.from(['three']), {});
        const expected = { uid: 100_000, gid: 50, mode: 0o4750, sizeBytes: 5 };
        assert.partialDeepStrictEqual(await files.stat(m, `${top}/f`), expected);
        await files.pushFile(m, `${top}/empty`, Readable.from([]), {});
        assert.equal(await text(m, `${top}/empty`), '');
        assert.match(await text(m, '/proc/version'), /^Linux/);
      },
    );

    law('odd names are names', async (m, top) => {
      const odd = ['-rf', ' a b ', 'line\nfeed\n', "it's $(touch x) `y`", '*', '.hidden', '..twodots', 'grün', '\\n'];
      for (const one of odd) await files.pushFile(m, `${top}/${one}`, Readable.from([one]), {});
      const listed = await files.pull(m, top);
      assert.deepEqual(listed.kind === 'directory' && listed.entries, [...odd].sort());
      assert.deepEqual(readdirSync(top).sort(), [...odd].sort());
      for (const one of odd) assert.equal(await text(m, `${top}/${one}`), Buffer.from(one).toString('latin1'));
      for (const one of odd) await files.remove(m, `${top}/${one}`);
      assert.deepEqual(readdirSync(top), []);
    });

    law('a push that fails or is aborted leaves the old file and nothing beside it', async (m, top) => {
      const failing = () =>
        Readable.from(
          (async function* () {
            yield 'part';
            throw new Error('sender gone');
          })(),
        );
      for (const append of [false, true]) {
        await files.pushFile(m, `${top}/f`, Readable.from(['old']), {});
        await assert.rejects(files.pushFile(m, `${top}/f`, failing(), { append }), /sender gone/);
        const silent = new Readable({ read() {} });
        const aborted = files.pushFile(m, `${top}/f`, silent, { append, signal: AbortSignal.timeout(30) });
        await assert.rejects(aborted, /timeout|aborted/i);
        assert.equal(await text(m, `${top}/f`), 'old');
        assert.deepEqual(readdirSync(top), ['f']);
      }
      const endless = Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(65_536);
        })(),
      );
      await assert.rejects(files.pushFile(m, `${top}/f/x`, endless, {}), refused('not-a-directory'));
    });

    law('append adds, and makes a missing file', async (m, top) => {
      await files.pushFile(m, `${top}/f`, Readable.from(['a']), { append: true, uid: 7 });
      await files.pushFile(m, `${top}/f`, Readable.from(['b']), { append: true });
      await files.pushFile(m, `${top}/f`, Readable.from(['c']), { append: true, gid: 8, mode: 0o600 });
      assert.equal(await text(m, `${top}/f`), 'abc');
      assert.partialDeepStrictEqual(await files.stat(m, `${top}/f`), { uid: 7, gid: 8, mode: 0o600 });
    });

    law('directories and links: made once, listed, told apart', async (m, top) => {
      await files.pushDirectory(m, `${top}/d`, { uid: 3, gid: 4, mode: 0o2770 });
      await files.pushDirectory(m, `${top}/d/`, {});
      await files.pushDirectory(m, '/', {});
      const folder = { kind: 'directory', uid: 3, gid: 4, mode: 0o2770 };
      assert.partialDeepStrictEqual(await files.stat(m, `${top}/d`), folder);
      await files.pushSymlink(m, `${top}/d/l`, '../nowhere\n', { uid: 9 });
      await files.pushSymlink(m, `${top}/d/l`, '../nowhere\n', {});
      await assert.rejects(files.pushSymlink(m, `${top}/d/l`, 'other', {}), refused('exists'));
      const link = { kind: 'symlink', target: '../nowhere\n', uid: 9 };
      assert.partialDeepStrictEqual(await files.pull(m, `${top}/d/l`), link);
      await assert.rejects(files.pushDirectory(m, `${top}/d/l`, {}), refused('exists'));
      await assert.rejects(files.pushFile(m, `${top}/d`, Readable.from(['x']), {}), refused('is-a-directory'));
      symlinkSync('made', join(top, 'to'));
      await files.pushFile(m, `${top}/to`, Readable.from(['through']), {});
      assert.equal(readFileSync(join(top, 'made'), 'utf8'), 'through');
      symlinkSync('ring', join(top, 'ring'));
      await assert.rejects(files.pushFile(m, `${top}/ring`, Readable.from(['x']), {}), refused('loop'));
      await assert.rejects(files.pushFile(m, `${top}/no/x`, Readable.from(['x']), {}), refused('not-found'));
      await assert.rejects(files.stat(m, `${top}/${'n'.repeat(300)}`), refused('too-long'));
      const long = `${top}/${'n'.repeat(300)}`;
      await assert.rejects(files.pushFile(m, long, Readable.from(['x']), {}), refused('too-long'));
      await assert.rejects(files.stat(m, '/a\0b'), refused('invalid'));
      await assert.rejects(files.pull(m, `${top}/missing`), refused('not-found'));
    });

    law('FIFOs, sockets and devices are refused at once', async (m, top) => {
      execFileSync('mkfifo', [join(top, 'fifo')]);
      execFileSync('mknod', [join(top, 'device'), 'c', '1', '9']);
      const server = createServer().listen(join(top, 'socket'));
      await new Promise((resolve) => server.once('listening', resolve));
      for (const path of ['fifo', 'socket', 'device'].map((one) => `${top}/${one}`)) {
        await assert.rejects(files.pull(m, path), refused('special'));
        await assert.rejects(files.stat(m, path), refused('special'));
        for (const append of [true, false])
          await assert.rejects(files.pushFile(m, path, Readable.from(['x']), { append }), refused('special'));
      }
      await files.remove(m, `${top}/fifo`);
      server.close();
    });

    law('remove: empty directories only unless recursive, links themselves, never the root', async (m, top) => {
      mkdirSync(join(top, 'd/e'), { recursive: true });
      mkdirSync(join(top, 'kept'));
      writeFileSync(join(top, 'd/e/file'), 'x');
      writeFileSync(join(top, 'kept/file'), 'x');
      symlinkSync('../../kept', join(top, 'd/e/out'));
      await assert.rejects(files.remove(m, `${top}/d`), refused('not-empty'));
      await assert.rejects(files.remove(m, `${top}/missing`), refused('not-found'));
      for (const path of ['/', '/.', '/..', `${top}/d/..`, '/..//'])
        await assert.rejects(files.remove(m, path, { recursive: true }), refused('is-a-directory'));
      await files.remove(m, `${top}/d/`, { recursive: true });
      assert.deepEqual(readdirSync(top), ['kept']);
      assert.ok(statSync(join(top, 'kept/file')).isFile());
    });

    law('who stops reading ends the program; what a machine has not is told', async (m, top) => {
      execFileSync('truncate', ['-s', '1G', join(top, 'big')]);
      const pulled = await files.pull(m, `${top}/big`);
      assert.ok(pulled.kind === 'file');
      for await (const piece of pulled.content) {
        assert.ok(piece.length > 0);
        break;
      }
      const without = root(join(top, 'no-tools'), '/bin/sh');
      await assert.rejects(files.stat(without, '/'), refused('unable'));
    });
  });
