/** An archive as the kernel unpacks it at boot: cpio in its `newc` form. */

export type Entry = { path: string } & (
  | { directory: true }
  | { link: string }
  | { content: Buffer; executable?: boolean }
);

const modes = { directory: 0o040755, link: 0o120777, file: 0o100644, executable: 0o100755 };

export function packCpio(entries: readonly Entry[]): Buffer {
  const parts = entries.map((entry, index) => member(entry.path, modeOf(entry), contentOf(entry), index + 1));
  return Buffer.concat([...parts, member('TRAILER!!!', 0, Buffer.alloc(0), 0)]);
}

function modeOf(entry: Entry): number {
  if ('directory' in entry) return modes.directory;
  if ('link' in entry) return modes.link;
  return entry.executable ? modes.executable : modes.file;
}

function contentOf(entry: Entry): Buffer {
  if ('directory' in entry) return Buffer.alloc(0);
  return 'link' in entry ? Buffer.from(entry.link) : entry.content;
}

/** Thirteen numbers of eight digits, the name, the content; each padded to four bytes. */
function member(path: string, mode: number, content: Buffer, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  const numbers = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(content)]);
}

const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
