/**
 * Keeps the server's own certificate in two files, `server.crt` and `server.key`, as Incus does: an administrator may
 * put a certificate of their own there. Made at the first need; what is there and unusable is refused, never replaced,
 * because clients have pinned it.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { OwnCertificate } from '../core/ports/own-certificate.ts';
import { HostError } from '../lib/host-error.ts';
import { type CertificatePair, fingerprintOf, makeSelfSigned } from '../lib/self-signed-certificate.ts';

const validYears = 10;
/** Clocks of clients may be behind ours. */
const clockSkewMs = 24 * 3600 * 1000;

/** Gives the certificate, the same at every call. */
export function keptCertificate(directory: string, now: () => Date): () => OwnCertificate {
  let known: OwnCertificate | undefined;
  return () => {
    known ??= checked(readPair(directory) ?? make(directory, now()), directory);
    return known;
  };
}

const files = (directory: string) => ({
  certificate: join(directory, 'server.crt'),
  key: join(directory, 'server.key'),
});

function readPair(directory: string): CertificatePair | undefined {
  const { certificate, key } = files(directory);
  // The key is written first: without the certificate nobody has seen it.
  if (!existsSync(certificate)) return undefined;
  try {
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  } catch (error) {
    throw unusable(directory, error);
  }
}

function make(directory: string, now: Date): CertificatePair {
  const name = hostname();
  const pair = makeSelfSigned({
    commonName: `root@${name}`,
    organization: 'Gasthof',
    hosts: [...new Set([name, 'localhost', '127.0.0.1', '::1'])],
    from: new Date(now.getTime() - clockSkewMs),
    years: validYears,
  });
  const { certificate, key } = files(directory);
  writeWhole(key, pair.key);
  writeWhole(certificate, pair.certificate);
  return pair;
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

function checked(pair: CertificatePair, directory: string): OwnCertificate {
  try {
    const certificate = new X509Certificate(pair.certificate);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key)))
      throw new Error('the key belongs to another certificate');
    return { ...pair, fingerprint: fingerprintOf(certificate.raw) };
  } catch (error) {
    throw unusable(directory, error);
  }
}

function unusable(directory: string, cause: unknown): HostError {
  const { certificate, key } = files(directory);
  return new HostError(
    `the server's certificate cannot be used: ${(cause as Error).message} (${certificate}, ${key})`,
    {
      help: 'Put back the two files; without them a new certificate is made, and every client has to trust it anew',
      cause,
    },
  );
}
