/** Tar archives written by hand, byte by byte, so that tests can write what no honest program would. */
export type HandEntry = {
  name: string;
  /** Type flag. @default '0', or '5' for a name that ends in a slash */
  type?: string;
  link?: string;
  data?: string | Buffer;
  /** What the header claims, when it is not the length of the data. */
  claims?: number;
  mode?: number;
  uid?: number;
  gid?: number;
  pax?: Record<string, string>;
};

export function handTar(entries: HandEntry[], options: { end?: boolean } = {}): Buffer {
  const end = options.end === false ? [] : [Buffer.alloc(1024)];
  return Buffer.concat([...entries.flatMap(entryBlocks), ...end]);
}

function entryBlocks(entry: HandEntry): Buffer[] {
  const before = entry.pax ? entryBlocks({ name: 'pax', type: 'x', data: paxRecords(entry.pax) }) : [];
  const data = Buffer.from(entry.data ?? '');
  const type = entry.type ?? (entry.name.endsWith('/') ? '5' : '0');
  return [
    ...before,
    header(entry, type, entry.claims ?? data.length),
    data,
    Buffer.alloc((512 - (data.length % 512)) % 512),
  ];
}

function paxRecords(records: Record<string, string>): string {
  return Object.entries(records)
    .map(([key, value]) => {
      const body = Buffer.byteLength(` ${key}=${value}\n`);
      let length = body + 1;
      while (String(length).length + body !== length) length = String(length).length + body;
      return `${length} ${key}=${value}\n`;
    })
    .join('');
}

function header(entry: HandEntry, type: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(entry.name, 0, 100);
  octal(entry.mode ?? (type === '5' ? 0o755 : 0o644), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(1_700_000_000, 136, 12);
  block.fill(' ', 148, 156);
  block.write(type, 156, 1);
  block.write(entry.link ?? '', 157, 100);
  block.write('ustar\u000000', 257, 'latin1');
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  return block;
}

export const plainMetadata = 'architecture: x86_64\ncreation_date: 1700000000\nproperties:\n  os: Test\n';

/** A small honest unified image with these further members. */
export function handImage(more: HandEntry[] = [], metadata = plainMetadata): Buffer {
  return handTar([
    { name: 'metadata.yaml', data: metadata },
    { name: 'rootfs/' },
    { name: 'rootfs/etc/' },
    { name: 'rootfs/etc/os-release', data: 'ID=test\n' },
    ...more,
  ]);
}
