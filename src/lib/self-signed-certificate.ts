/**
 * Makes a key and its self-signed X.509 certificate (ECDSA P-384, RFC 5280), for servers and clients that know each other by
 * fingerprint. Node reads certificates but does not make them; one fixed shape of them needs no library.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { parseIp } from './ip.ts';

export type CertificatePair = { certificate: string; key: string };
export type CertificateWish = {
  commonName: string;
  organization: string;
  /** Names and addresses of the server that shows it. */
  hosts: readonly string[];
  from: Date;
  years: number;
};

/** SHA-256 over the DER form: what clients and servers compare and show. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

export function makeSelfSigned(wish: CertificateWish): CertificatePair {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const until = new Date(wish.from);
  until.setUTCFullYear(until.getUTCFullYear() + wish.years);
  const name = sequence(attribute(oids.organization, wish.organization), attribute(oids.commonName, wish.commonName));
  const algorithm = sequence(oids.ecdsaWithSha384);
  const content = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    name,
    sequence(time(wish.from), time(until)),
    name,
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions(wish.hosts))),
  );
  const signature = sign('sha384', content, pair.privateKey);
  const der = sequence(content, algorithm, bits(signature, 0));
  return {
    certificate: pem('CERTIFICATE', der),
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

function extensions(hosts: readonly string[]): Buffer[] {
  const extension = (oid: Buffer, critical: boolean, value: Buffer) =>
    sequence(oid, ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
  const alternatives = hosts.map((host) => {
    const address = parseIp(host);
    if (!address) return der(0x82, Buffer.from(host, 'latin1'));
    const hex = address.value.toString(16).padStart(address.family === 'inet' ? 8 : 32, '0');
    return der(0x87, Buffer.from(hex, 'hex'));
  });
  return [
    // digitalSignature and keyEncipherment, as Incus' own.
    extension(oids.keyUsage, true, bits(Buffer.from([0xa0]), 5)),
    extension(oids.extendedKeyUsage, false, sequence(oids.serverAuth, oids.clientAuth)),
    extension(oids.basicConstraints, true, sequence()),
    ...(alternatives.length > 0 ? [extension(oids.alternativeNames, false, sequence(...alternatives))] : []),
  ];
}

const oids = {
  organization: oid('55040a'),
  commonName: oid('550403'),
  keyUsage: oid('551d0f'),
  extendedKeyUsage: oid('551d25'),
  basicConstraints: oid('551d13'),
  alternativeNames: oid('551d11'),
  serverAuth: oid('2b06010505070301'),
  clientAuth: oid('2b06010505070302'),
  ecdsaWithSha384: oid('2a8648ce3d040303'),
};

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function attribute(kind: Buffer, text: string): Buffer {
  return der(0x31, sequence(kind, der(0x0c, Buffer.from(text))));
}

function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? [length] : long)]), content]);
}

function sequence(...parts: Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function tagged(number: number, content: Buffer): Buffer {
  return der(0xa0 + number, content);
}

function bits(content: Buffer, unused: number): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([unused]), content]));
}

/** Always positive, and without leading zeros. */
function integer(bytes: Buffer): Buffer {
  const positive = Buffer.from(bytes);
  positive[0] = (positive[0] ?? 0) & 0x7f || 0x01;
  return der(0x02, positive);
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
