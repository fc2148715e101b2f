/** The person's own key and certificate, made when first needed: who has the key is trusted where the certificate is. */
import { hostname, userInfo } from 'node:os';
import { makeSelfSigned } from '../../lib/self-signed-certificate.ts';
import { fileIn, readOptional, writePrivate } from './remotes-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;
export type OwnPair = { certificate: string; key: string };

const validYears = 10;
/** Clocks of servers may be behind ours. */
const clockSkewMs = 24 * 3600 * 1000;

export function clientCertificate(env: Environment): OwnPair {
  const files = { certificate: fileIn(env, 'client.crt'), key: fileIn(env, 'client.key') };
  const certificate = readOptional(files.certificate);
  const key = readOptional(files.key);
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  const made = makeSelfSigned({
    commonName: `${userName()}@${hostname()}`,
    organization: 'Gasthof',
    hosts: [hostname()],
    from: new Date(Date.now() - clockSkewMs),
    years: validYears,
  });
  writePrivate(files.key, made.key);
  writePrivate(files.certificate, made.certificate);
  return made;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user database does not have this id.
    return String(process.getuid?.() ?? 0);
  }
}
