/** Certificates of the trust store: finding, reading what a client sent, showing. */
import { X509Certificate } from 'node:crypto';
import { fail } from '../../api/errors.ts';
import type { Certificate } from '../../api/resources/certificates.ts';
import { fingerprintOf } from '../../lib/self-signed-certificate.ts';
import type { House } from '../house.ts';
import { type CertificateDoc, keys } from '../model.ts';

type Needs = Pick<House, 'documents'>;

export const allCertificates = (house: Needs): CertificateDoc[] =>
  house.documents.list<CertificateDoc>('certificates/');

export const certificateUrl = (fingerprint: string) => `/1.0/certificates/${fingerprint}`;

/** By the whole fingerprint, or a beginning that fits one only. */
export function findCertificate(house: Needs, given: string): CertificateDoc {
  const prefix = given.toLowerCase();
  const exact = house.documents.get<CertificateDoc>(keys.certificate(prefix));
  if (exact) return exact;
  const found = allCertificates(house).filter(({ fingerprint }) => fingerprint.startsWith(prefix));
  if (found.length > 1) return fail('certificate.ambiguous', { fingerprint: given });
  return found[0] ?? fail('certificate.not-found');
}

export const showCertificate = (doc: CertificateDoc): Certificate => ({ ...doc });

/** PEM text, or DER in base64 as Incus' client sends it. */
export function readCertificate(text: string): { certificate: string; fingerprint: string; name: string } {
  try {
    const pem = text.includes('-----BEGIN');
    const read = new X509Certificate(pem ? text : Buffer.from(text, 'base64'));
    const common = /^CN=(.*)$/m.exec(read.subject ?? '')?.[1] ?? '';
    return { certificate: read.toString(), fingerprint: fingerprintOf(read.raw), name: common };
  } catch (error) {
    return fail('certificate.invalid', { reason: (error as Error).message });
  }
}
