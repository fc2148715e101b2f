import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MigrationRefused, type TravellingSnapshot } from '../core/ports/migration.ts';
import { decodeMessage, encodeMessage } from '../lib/protobuf.ts';
import {
  answerHeader,
  checkOffer,
  comesLive,
  commonFeatures,
  decodeControl,
  decodeHeader,
  encodeControl,
  encodeHeader,
  offerHeader,
  snapshotOf,
} from './headers.ts';
import { migrationHeader } from './messages.ts';
import { shiftOf } from './shift.ts';

/** As Incus 6.0.4 sent them. */
const recorded = {
  offer: '08003800420808011001180120016801',
  answer: '080038004208080110011801200148006801',
  refreshAnswer: '080038004208080110011801200148016801',
  success: '0801',
  successWithMessage: '08011200',
};
const bytes = (hex: string) => Buffer.from(hex, 'hex');

test('headers of Incus are read and written byte by byte', () => {
  for (const hex of [recorded.offer, recorded.answer, recorded.refreshAnswer])
    assert.equal(encodeMessage(migrationHeader, decodeMessage(migrationHeader, bytes(hex))).toString('hex'), hex);
});

test('an offer of Incus gets the answer that Incus gives', () => {
  const offered = decodeHeader(bytes(recorded.offer));
  checkOffer('instance', offered);
  assert.equal(encodeHeader(answerHeader('instance', offered, [], false)).toString('hex'), recorded.answer);
  assert.equal(encodeHeader(answerHeader('instance', offered, [], true)).toString('hex'), recorded.refreshAnswer);
});

test('our offer is that of Incus and two features more, which only we take', () => {
  const offer = offerHeader({ kind: 'instance', snapshots: [], index: {} });
  const known = { xattrs: true, delete: true, compress: true, bidirectional: true };
  assert.equal(encodeHeader({ ...offer, rsyncFeatures: known }).toString('hex'), recorded.offer);
  assert.deepEqual(commonFeatures(answerHeader('instance', offer, [], false).rsyncFeatures), [
    'xattrs',
    'delete',
    'compress',
    'hard_links',
    'acls',
  ]);
  assert.deepEqual(commonFeatures(decodeHeader(bytes(recorded.answer)).rsyncFeatures), [
    'xattrs',
    'delete',
    'compress',
  ]);
});

test('snapshots arrive as they were', () => {
  const snapshot: TravellingSnapshot = {
    name: 's0',
    config: { 'user.k': 'v', 'limits.memory': '64MiB' },
    devices: { root: { type: 'disk', path: '/', pool: 'default' } },
    profiles: ['default', 'web'],
    ephemeral: false,
    stateful: false,
    architecture: 'aarch64',
    createdAt: new Date('2026-11-22T00:24:18Z'),
    lastUsedAt: undefined,
    expiresAt: new Date('2030-01-01T00:00:00Z'),
  };
  const header = decodeHeader(encodeHeader(offerHeader({ kind: 'instance', snapshots: [snapshot], index: {} })));
  assert.deepEqual(header.snapshotNames, ['s0']);
  assert.deepEqual(
    (header.snapshots ?? []).map((one) => snapshotOf(one, 'instance')),
    [snapshot],
  );
});

test('only wanted snapshots are named in the answer', () => {
  const snapshot = (name: string) => ({
    name,
    config: {},
    devices: {},
    profiles: [],
    ephemeral: false,
    stateful: false,
    architecture: 'x86_64',
    createdAt: new Date(0),
    lastUsedAt: undefined,
    expiresAt: undefined,
  });
  const offer = offerHeader({ kind: 'instance', snapshots: ['a', 'b', 'c'].map(snapshot), index: {} });
  const answer = answerHeader('instance', offer, ['b'], true);
  assert.deepEqual(answer.snapshotNames, ['b']);
  assert.deepEqual(
    answer.snapshots?.map(({ name }) => name),
    ['b'],
  );
});

test('words at the end are read and written', () => {
  assert.equal(encodeControl({ success: true }).toString('hex'), recorded.success);
  assert.deepEqual(decodeControl(bytes(recorded.successWithMessage)), { success: true, message: '' });
  const failure = encodeControl({ success: false, message: 'no space' });
  assert.deepEqual(decodeControl(failure), { success: false, message: 'no space' });
  assert.throws(() => decodeHeader(failure), { name: 'MigrationRefused', message: 'the other server says: no space' });
});

test('offers that cannot be received are refused', () => {
  const offered = decodeHeader(bytes(recorded.offer));
  const refused = [
    { ...offered, fs: 4 },
    { ...offered, criu: 0 },
    { ...offered, criu: 3 },
    { ...offered, rsyncFeatures: { xattrs: true } },
    { ...offered, snapshotNames: ['a'] },
    { ...offered, snapshotNames: ['a', 'a'] },
  ];
  for (const header of refused) assert.throws(() => checkOffer('instance', header), MigrationRefused);
  checkOffer('instance', { ...offered, fs: 2 });
  checkOffer('instance', { ...offered, criu: 2 });
});

test('noise on the control socket is refused', () => {
  for (const hex of ['', '00', 'ff', '0a0a', '080042ff'])
    assert.throws(() => decodeHeader(bytes(hex)), MigrationRefused, hex);
});

test('times of snapshots of volumes travel in nanoseconds', () => {
  const snapshot: TravellingSnapshot = {
    name: 'vs0',
    config: {},
    devices: {},
    profiles: [],
    ephemeral: false,
    stateful: false,
    architecture: '',
    createdAt: new Date('2026-11-22T00:13:35.790Z'),
    lastUsedAt: undefined,
    expiresAt: undefined,
  };
  const [sent] = offerHeader({ kind: 'volume', snapshots: [snapshot], index: {} }).snapshots ?? [];
  assert.equal(sent?.creation_date, 1_795_306_415_790_000_000);
  assert.deepEqual(sent && snapshotOf(sent, 'volume'), snapshot);
});

const map = (which: 'isuid' | 'isgid', hostid: number, nsid = 0) => ({
  isuid: which === 'isuid',
  isgid: which === 'isgid',
  hostid,
  nsid,
  maprange: 1_000_000_000,
});

test('one range for users and groups is a shift, anything else is refused', () => {
  assert.equal(shiftOf('instance', [], {}), 0);
  assert.equal(shiftOf('instance', [map('isuid', 1_000_000), map('isgid', 1_000_000)], {}), 1_000_000);
  const odd = [
    [map('isuid', 1_000_000)],
    [map('isuid', 1_000_000), map('isgid', 2_000_000)],
    [map('isuid', 1_000_000, 5), map('isgid', 1_000_000, 5)],
    [map('isuid', 1_000_000), map('isuid', 1000, 1000), map('isgid', 1_000_000)],
  ];
  for (const maps of odd) assert.throws(() => shiftOf('instance', maps, {}), MigrationRefused);
  const text =
    '[{"Isuid":true,"Isgid":false,"Hostid":1000000,"Nsid":0,"Maprange":1000000000},{"Isuid":false,"Isgid":true,"Hostid":1000000,"Nsid":0,"Maprange":1000000000}]';
  assert.equal(shiftOf('volume', [], { Volume: { config: { 'volatile.idmap.last': text } } }), 1_000_000);
  assert.equal(shiftOf('volume', [], { Volume: { config: {} } }), 0);
  assert.equal(shiftOf('volume', [], { Volume: null }), 0);
  assert.throws(() => shiftOf('volume', [], { Volume: { config: { 'volatile.idmap.last': '{' } } }), MigrationRefused);
});

test('zstd is used where both know it', () => {
  const offer = offerHeader({ kind: 'instance', snapshots: [], index: {} }, true);
  assert.ok(commonFeatures(answerHeader('instance', offer, [], false, true).rsyncFeatures).includes('zstd'));
  assert.ok(!commonFeatures(answerHeader('instance', offer, [], false, false).rsyncFeatures).includes('zstd'));
  const plain = offerHeader({ kind: 'instance', snapshots: [], index: {} }, false);
  assert.ok(!commonFeatures(answerHeader('instance', plain, [], false, true).rsyncFeatures).includes('zstd'));
});

test('a machine that runs is offered as one, in words that only we take, and taken where one was asked for', () => {
  const kind = 'machine' as const;
  const offer = decodeHeader(encodeHeader(offerHeader({ kind, snapshots: [], index: {}, live: true })));
  assert.equal(offer.criu, 3);
  assert.ok(comesLive(offer));
  checkOffer(kind, offer, true);
  assert.throws(() => checkOffer(kind, offer), /live migration is not supported; stop/);
  assert.throws(() => checkOffer('instance', offer, true), MigrationRefused);
  const answer = decodeHeader(encodeHeader(answerHeader(kind, offer, [], false)));
  assert.equal(answer.criu, 3);
  assert.ok(comesLive(answer));
});

test('machines at rest and machines of others are no machines that run in our way', () => {
  const kind = 'machine' as const;
  const plain = offerHeader({ kind, snapshots: [], index: {} });
  assert.equal(plain.criu, undefined);
  assert.ok(!comesLive(plain));
  checkOffer(kind, plain, true);
  assert.ok(!comesLive(answerHeader(kind, plain, [], false)));
  // Of another server that sends the memory in its own way.
  const foreign = { ...plain, criu: 3 };
  assert.throws(() => checkOffer(kind, foreign, true), /live migration is not supported/);
  // It has taken the memory, and never heard of our way.
  assert.ok(!comesLive({ fs: 4, criu: 3, rsyncFeatures: { delete: true } }));
});
