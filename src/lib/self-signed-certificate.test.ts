import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { fingerprintOf, makeSelfSigned } from './self-signed-certificate.ts';

const wish = {
  commonName: 'root@höst',
  organization: 'Gasthof',
  hosts: ['web.example', '127.0.0.1', '::1'],
  from: new Date('2026-03-01T12:00:00Z'),
  years: 10,
};

test('the certificate is one: signed by its own key, with names, addresses and time', () => {
  const pair = makeSelfSigned(wish);
  const certificate = new X509Certificate(pair.certificate);
  assert.equal(certificate.verify(certificate.publicKey), true);
  assert.equal(certificate.checkPrivateKey(createPrivateKey(pair.key)), true);
  assert.equal(certificate.subject, 'O=Gasthof\nCN=root@höst');
  assert.equal(certificate.issuer, certificate.subject);
  assert.equal(certificate.checkHost('web.example'), 'web.example');
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(certificate.checkIP('::1'), '::1');
  assert.equal(certificate.validFromDate.toISOString(), '2026-03-01T12:00:00.000Z');
  assert.equal(certificate.validToDate.toISOString(), '2036-03-01T12:00:00.000Z');
  assert.equal(certificate.ca, false);
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'secp384r1');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
});

test('years from 2050 on are written in full', () => {
  const certificate = new X509Certificate(makeSelfSigned({ ...wish, years: 30 }).certificate);
  assert.equal(certificate.validToDate.toISOString(), '2056-03-01T12:00:00.000Z');
});

test('no two are equal, and serial numbers are positive', () => {
  const all = Array.from({ length: 20 }, () => new X509Certificate(makeSelfSigned(wish).certificate));
  assert.equal(new Set(all.map((one) => one.serialNumber)).size, 20);
  assert.ok(all.every((one) => !one.serialNumber.startsWith('-')));
});

test('the fingerprint is that of the DER form', () => {
  const certificate = new X509Certificate(makeSelfSigned(wish).certificate);
  const shown = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  assert.equal(fingerprintOf(certificate.raw), shown);
});
