/**
 * Judging a qcow2 file of somebody else before QEMU sees it. A qcow2 file may name others (a backing file, a data file), and
 * those names may be any file of the host or an address on its network (`json:`, `nbd:`), so all of them are refused.
 */
import { checkedSize, type DiskBytes, refused, shown, truncated } from './disk-bytes.ts';
import { type Qcow2Header, qcow2Extension, qcow2Feature, readQcow2Header } from './qcow2-header.ts';

/** QEMU's own limits. */
const maxL1Bytes = 32 * 1024 * 1024;
const maxRefcountTableBytes = 8 * 1024 * 1024;
const maxSnapshots = 65_536;

const known = Object.values(qcow2Feature).reduce((all, bit) => all | bit, 0n);
const remake = 'make it anew, or look at it with: qemu-img check';

/** The size of its disk; throws `HostError` with what is wrong. */
export async function judgeQcow2(bytes: DiskBytes, maxSizeBytes: number): Promise<number> {
  const header = await readQcow2Header(bytes);
  await refuseOtherFiles(header, bytes);
  refuseFeatures(header);
  const sizeBytes = checkedSize(header.sizeBytes, maxSizeBytes);
  refuseTables(header, bytes);
  return sizeBytes;
}

/** What makes QEMU open a file that nobody gave to it: also asked of files that a guest's QEMU has written. */
export async function refuseOtherFiles(header: Qcow2Header, bytes: DiskBytes): Promise<void> {
  const { backing, extensions, incompatible } = header;
  if (backing.offset !== 0n || backing.lengthBytes !== 0) {
    const name = await bytes.read(backing.offset, Math.min(backing.lengthBytes, 1023));
    throw refused(
      `it is not whole, but what differs from the file ${shown(name)}`,
      'convert it together with that file into one: qemu-img convert -O qcow2 IMAGE WHOLE',
    );
  }
  refuseDataFile(incompatible, extensions);
}

export function refuseDataFile(incompatible: bigint, extensions: readonly number[]): void {
  if (incompatible & qcow2Feature.dataFile || extensions.includes(qcow2Extension.dataFile))
    throw refused('its data lie in another file', 'convert both into one: qemu-img convert -O qcow2 IMAGE WHOLE');
}

function refuseFeatures({ encryption, extensions, incompatible, clusterBits, compression }: Qcow2Header): void {
  if (encryption !== 0 || extensions.includes(qcow2Extension.encryption))
    throw refused('it is encrypted', 'decrypt it with its key: qemu-img convert --image-opts --object secret,...');
  if (incompatible & qcow2Feature.corrupt)
    throw refused('it is marked as corrupt', 'repair a copy of it: qemu-img check -r all');
  const unknown = incompatible & ~known;
  if (unknown !== 0n)
    throw refused(`it needs features that are not known here (0x${unknown.toString(16)})`, 'convert it with its QEMU');
  if (compression > 1) throw refused(`it is compressed in an unknown way (${compression})`, 'convert it with its QEMU');
  if (clusterBits < 9 || clusterBits > 21) throw refused(`its clusters have 2^${clusterBits} bytes`, remake);
  if (incompatible & qcow2Feature.extendedL2 && clusterBits < 14)
    throw refused('its clusters are too small for their parts', remake);
}

function refuseTables(header: Qcow2Header, bytes: DiskBytes): void {
  const { l1, refcounts, snapshots, clusterBits, incompatible, sizeBytes } = header;
  const cluster = 2n ** BigInt(clusterBits);
  const entryBytes = incompatible & qcow2Feature.extendedL2 ? 16n : 8n;
  const perL1Entry = (cluster / entryBytes) * cluster;
  if (l1.entries * 8 > maxL1Bytes) throw absurd('first table', l1.entries);
  if (BigInt(l1.entries) < (sizeBytes + perL1Entry - 1n) / perL1Entry) throw absurd('first table', l1.entries);
  if (BigInt(refcounts.clusters) * cluster > maxRefcountTableBytes) throw absurd('table of counts', refcounts.clusters);
  if (refcounts.clusters === 0) throw absurd('table of counts', 0);
  if (refcounts.order > 6) throw refused(`its counts have 2^${refcounts.order} bits`, remake);
  if (snapshots.count > maxSnapshots) throw absurd('list of snapshots', snapshots.count);
  const tables: [string, bigint, bigint][] = [
    ['first table', l1.offset, BigInt(l1.entries) * 8n],
    ['table of counts', refcounts.offset, BigInt(refcounts.clusters) * cluster],
    // A snapshot has at least 40 bytes in the list.
    ['list of snapshots', snapshots.count ? snapshots.offset : 0n, BigInt(snapshots.count) * 40n],
  ];
  for (const [name, offset, lengthBytes] of tables) {
    if (offset % (name === 'list of snapshots' ? 8n : cluster) !== 0n)
      throw refused(`its ${name} lies at an impossible place`, remake);
    if (offset + lengthBytes > BigInt(bytes.sizeBytes)) throw truncated(name);
  }
  if (l1.offset === 0n || refcounts.offset === 0n) throw refused('it has no tables', remake);
}

const absurd = (table: string, entries: number) => refused(`its ${table} has ${entries} entries`, remake);
