/** Bytes of strangers, mutated: each parser refuses them in its own words, soon, and never in any other way. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { ApiError } from '../../src/api/errors.ts';
import { readImported } from '../../src/core/backups/imported-index.ts';
import { readCertificate } from '../../src/core/certificates/find.ts';
import { BackupRefused } from '../../src/core/ports/backups.ts';
import { ImageRefused } from '../../src/core/ports/images.ts';
import { MigrationRefused } from '../../src/core/ports/migration.ts';
import { importedVolume } from '../../src/core/volumes/backup-index.ts';
import { packetsOf } from '../../src/files/sftp/packet-reader.ts';
import { readRequest } from '../../src/files/sftp/requests.ts';
import { BrokenPacket, packet, packetTypes, string, uint32, uint64 } from '../../src/files/sftp/wire.ts';
import { parseMetadata } from '../../src/images/metadata.ts';
import { FilterError, parseFilter } from '../../src/lib/filter.ts';
import { FormBroken, splitMultipart } from '../../src/lib/multipart.ts';
import { makeSelfSigned } from '../../src/lib/self-signed-certificate.ts';
import { parseIndex, parseProducts } from '../../src/lib/simplestreams/products.ts';
import { TarDamaged } from '../../src/lib/tar-header.ts';
import { createTarScanner } from '../../src/lib/tar-scan.ts';
import { renderTemplate } from '../../src/lib/template.ts';
import { TemplateBroken } from '../../src/lib/template-expression.ts';
import {
  checkOffer,
  decodeControl,
  decodeHeader,
  encodeControl,
  encodeHeader,
  offerHeader,
  snapshotOf,
} from '../../src/migration/headers.ts';
import { createRandom, mutatedBytes, type Random, seed } from './fuzz/random.ts';
import { anything } from './fuzz/requests.ts';

const rounds = 600;
/** The longest for one small input, also on a busy machine. */
const slowestMs = 2000;

type Refusal = abstract new (...given: never[]) => Error;
type Target = {
  name: string;
  samples: readonly (string | Buffer)[];
  read(bytes: Buffer): unknown;
  /** What it may throw. */
  refusals: readonly Refusal[];
};

const snapshot = {
  ...{ name: 's0', config: { 'user.x': 'y' }, devices: { root: { type: 'disk' } }, profiles: ['default'] },
  ...{ ephemeral: false, stateful: false, architecture: 'x86_64', createdAt: new Date(1e12) },
  ...{ lastUsedAt: undefined, expiresAt: undefined },
};
const offer = offerHeader({ kind: 'instance', snapshots: [snapshot] } as never);
const json = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return bytes.toString('latin1');
  }
};
const index = {
  name: 'c1',
  backend: 'dir',
  pool: 'default',
  snapshots: ['s0'],
  type: 'container',
  config: {
    container: { name: 'c1', architecture: 'x86_64', config: { 'user.x': 'y' }, devices: {}, profiles: ['default'] },
    snapshots: [{ name: 's0', created_at: '2026-01-01T00:00:00Z', config: {}, devices: {} }],
    volume: { name: 'v', config: { size: '1GiB' }, content_type: 'filesystem' },
    volume_snapshots: [{ name: 's0', config: {} }],
  },
};
const products = {
  products: {
    'debian:12:amd64': {
      ...{ arch: 'amd64', aliases: 'debian/12,bookworm', os: 'Debian', release: 'bookworm' },
      versions: {
        '20260101': { items: { 'lxd.tar.xz': { ftype: 'lxd.tar.xz', path: 'a/b', size: 1, sha256: 'a'.repeat(64) } } },
      },
    },
  },
};
/** Of the oldest kind: what has no records. */
function tarHeader(): Buffer {
  const header = Buffer.alloc(512);
  header.write('rootfs/a', 0);
  header.write('0000644\x000000000\x000000000\x0000000000003\x0014524770400\x00        0', 100, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\x00 `, 148, 'latin1');
  return header;
}
const requests = [
  packet(packetTypes.open, 1, string('/etc/passwd'), uint32(1), uint32(0)),
  packet(packetTypes.write, 2, string('h'), uint64(7), string('data')),
  packet(
    packetTypes.setstat,
    3,
    string('/x'),
    uint32(0x8000000f),
    uint64(1),
    uint32(1),
    uint32(1),
    uint32(1),
    uint32(1),
    uint32(1),
  ),
  packet(packetTypes.extended, 4, string('posix-rename@openssh.com'), string('/a'), string('/b')),
];

const targets: readonly Target[] = [
  {
    name: 'headers of a migration',
    samples: [encodeHeader(offer), encodeControl({ success: false, message: 'no' })],
    read: (bytes) => {
      decodeControl(bytes);
      const header = decodeHeader(bytes);
      checkOffer('instance', header);
      return (header.snapshots ?? []).map((one) => [snapshotOf(one, 'instance'), snapshotOf(one, 'volume')]);
    },
    refusals: [MigrationRefused],
  },
  {
    name: 'headers of a migration, once more',
    samples: [encodeHeader(offer)],
    read: (bytes) => decodeHeader(bytes),
    refusals: [MigrationRefused],
  },
  {
    name: 'packets of SFTP',
    samples: requests.map((one) => one.subarray(4)),
    read: readRequest,
    refusals: [BrokenPacket],
  },
  {
    name: 'a stream of SFTP packets',
    samples: [Buffer.concat(requests)],
    read: async (bytes) => {
      const pieces = [bytes.subarray(0, 7), bytes.subarray(7)].filter(({ length }) => length > 0);
      for await (const one of packetsOf(Readable.from(pieces))) readRequest(one);
    },
    refusals: [BrokenPacket],
  },
  {
    name: 'the index of an instance',
    samples: [JSON.stringify(index)],
    read: (bytes) => readImported(json(bytes)),
    refusals: [BackupRefused, ApiError],
  },
  {
    name: 'the index of a volume',
    samples: [JSON.stringify(index)],
    read: (bytes) => importedVolume(json(bytes)),
    refusals: [BackupRefused, ApiError],
  },
  {
    name: 'metadata.yaml',
    samples: [
      'architecture: x86_64\ncreation_date: 1\nproperties: {os: x}\ntemplates:\n  /etc/x:\n    when: [start]\n    template: x.tpl\n',
    ],
    read: (bytes) => parseMetadata(bytes.toString('utf8'), 'x86_64'),
    refusals: [ImageRefused],
  },
  {
    name: 'lists of images',
    samples: [JSON.stringify(products), '{"index":{"images":{"datatype":"image-downloads","path":"a/b.json"}}}'],
    read: (bytes) => [parseIndex(json(bytes)), parseProducts(json(bytes))],
    refusals: [],
  },
  {
    name: 'certificates',
    samples: [
      makeSelfSigned({ commonName: 'x', organization: 'x', hosts: ['x', '127.0.0.1'], from: new Date(), years: 1 })
        .certificate,
    ],
    read: (bytes) => readCertificate(bytes.toString('latin1')),
    refusals: [ApiError],
  },
  {
    name: 'tar archives',
    samples: [Buffer.concat([tarHeader(), Buffer.from('abc'), Buffer.alloc(509), Buffer.alloc(1024)])],
    read: (bytes) => {
      const scanner = createTarScanner({ member: () => {}, data: () => {}, memberEnd: () => {} });
      scanner.push(bytes);
      scanner.finish();
    },
    refusals: [TarDamaged],
  },
  {
    name: 'forms',
    samples: [
      '--b\r\nContent-Disposition: form-data; name="metadata"; filename="m"\r\n\r\nabc\r\n--b\r\nContent-Disposition: form-data; name="rootfs"; filename="r"\r\n\r\ndef\r\n--b--\r\n',
    ],
    read: (bytes) =>
      splitMultipart(
        Readable.from([bytes]),
        'multipart/form-data; boundary=b',
        ({ metadata, rootfs }) => Promise.all([metadata, rootfs].map((part) => part && buffer(part))),
        { first: 'metadata', second: 'rootfs' },
      ),
    refusals: [FormBroken],
  },
  {
    name: 'filters',
    samples: ['name eq web and (status ne Running or config.user.x eq "y z")'],
    read: (bytes) => parseFilter(bytes.toString('latin1'))({ name: 'x' }),
    refusals: [FilterError, ApiError],
  },
  {
    name: 'templates',
    samples: [
      '{% if container.name == "x" and config_get("user.x", "d") %}{{ instance.name|upper }}{% else %}{{ a.b }}{% endif %}',
    ],
    read: (bytes) =>
      renderTemplate(bytes.toString('latin1'), {
        container: { name: 'x' },
        config_get: (_: string, other: string) => other,
      }),
    refusals: [TemplateBroken],
  },
];

async function outcome(target: Target, bytes: Buffer): Promise<'read' | 'refused'> {
  try {
    await target.read(bytes);
    return 'read';
  } catch (error) {
    if (target.refusals.some((kind) => error instanceof kind)) return 'refused';
    throw new Error(`${target.name}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause: error });
  }
}

/** The same tree with something else in some places. */
function otherValues(random: Random, value: unknown): unknown {
  if (random.once(12)) return anything(random);
  if (Array.isArray(value)) return value.map((one) => otherValues(random, one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, otherValues(random, one)]));
}

const input = (random: Random, { samples }: Target, round: number): Buffer => {
  const sample = Buffer.from(random.pick(samples) as string);
  if (round % 20 === 19) return random.bytes(random.below(400));
  // What is no JSON any more says little about those who read what is in it.
  if (sample[0] === 0x7b && round % 4 > 0) return Buffer.from(JSON.stringify(otherValues(random, json(sample))) ?? '');
  return mutatedBytes(random, sample);
};

for (const target of targets)
  test(`mutated ${target.name} (seed ${seed})`, { timeout: 60_000 }, async (t) => {
    const random = createRandom(seed + 3);
    for (const sample of target.samples.slice(0, 1)) await outcome(target, Buffer.from(sample as string));
    const seen = { read: 0, refused: 0 };
    for (let round = 0; round < rounds; round++) {
      const bytes = input(random, target, round);
      const began = performance.now();
      seen[await outcome(target, bytes)] += 1;
      const tookMs = performance.now() - began;
      assert.ok(tookMs < slowestMs, `${tookMs} ms for ${JSON.stringify(bytes.toString('latin1'))}`);
    }
    t.diagnostic(JSON.stringify(seen));
  });
