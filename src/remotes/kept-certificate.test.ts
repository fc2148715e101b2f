import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HostError } from '../lib/host-error.ts';
import { makeSelfSigned } from '../lib/self-signed-certificate.ts';
import { keptCertificate } from './kept-certificate.ts';

const open = (context: { after(work: () => void): void }) => {
  const directory = mkdtempSync(join(tmpdir(), 'gasthof-certificate-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return { directory, kept: () => keptCertificate(directory, () => new Date())() };
};

test('it is made at the first call, private, and the same ever after', (t) => {
  const { directory, kept } = open(t);
  const first = kept();
  assert.deepEqual(readdirSync(directory).sort(), ['server.crt', 'server.key']);
  for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600);
  assert.deepEqual(kept(), first);
  const certificate = new X509Certificate(first.certificate);
  assert.equal(certificate.checkHost('localhost'), 'localhost');
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(first.fingerprint, certificate.fingerprint256.replaceAll(':', '').toLowerCase());
});

test('a crash between key and certificate leaves nothing that hinders', (t) => {
  const { directory, kept } = open(t);
  writeFileSync(join(directory, 'server.key'), 'half');
  assert.match(kept().certificate, /BEGIN CERTIFICATE/);
});

test('what is there and cannot be used is refused and stays', (t) => {
  const { directory, kept } = open(t);
  const first = kept();
  const other = makeSelfSigned({ commonName: 'x', organization: 'x', hosts: [], from: new Date(), years: 1 });
  for (const [name, text] of [
    ['server.crt', 'damaged'],
    ['server.key', 'damaged'],
    ['server.key', other.key],
  ] as const) {
    writeFileSync(join(directory, 'server.crt'), first.certificate);
    writeFileSync(join(directory, 'server.key'), first.key);
    writeFileSync(join(directory, name), text);
    assert.throws(kept, HostError);
    assert.equal(statSync(join(directory, name)).size, text.length);
  }
});
