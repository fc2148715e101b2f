/** Certificates: whom the server trusts over HTTPS, and tokens with which a client enters its own. */
import { type Static, Type } from 'typebox';
import type { RouteTable } from '../route.ts';
import { Body, Empty, ItemQuery, ListQuery, Loose, ProjectQuery } from '../schema.ts';

export const certificateTypes = ['client', 'server', 'metrics'] as const;
export type CertificateType = (typeof certificateTypes)[number];

export const Certificate = Type.Object({
  name: Type.String(),
  type: Type.String({ description: 'client, server or metrics (which may read the metrics and nothing else)' }),
  restricted: Type.Boolean({ description: 'may use the named projects only' }),
  projects: Type.Array(Type.String()),
  certificate: Type.String({ description: 'PEM text' }),
  description: Type.String(),
  fingerprint: Type.String({ description: 'SHA-256 of the DER form' }),
});
export type Certificate = Static<typeof Certificate>;

const changeable = {
  name: Loose(Type.String()),
  type: Loose(Type.String()),
  restricted: Loose(Type.Boolean()),
  projects: Loose(Type.Array(Type.String())),
  certificate: Loose(Type.String({ description: 'PEM text, or DER in base64' })),
  description: Loose(Type.String()),
};
/** `fingerprint` comes back from clients that read and write the whole object; it follows from the certificate. */
export const CertificatePut = Body({ ...changeable, fingerprint: Loose(Type.String()) });
export type CertificatePut = Static<typeof CertificatePut>;

export const CertificatesPost = Body({
  ...changeable,
  token: Loose(Type.Boolean({ description: 'make a token with which the client enters its certificate itself' })),
  trust_token: Loose(Type.String({ description: 'such a token' })),
  password: Loose(Type.String({ description: 'the same, or core.trust_password: what clients of LXD send' })),
});
export type CertificatesPost = Static<typeof CertificatesPost>;

const etag = ['name', 'type', 'restricted', 'projects', 'certificate', 'description'] as const;

export const certificateRoutes = {
  'GET /1.0/certificates': {
    summary: 'List the trusted certificates',
    access: 'view',
    answer: 'sync',
    query: ListQuery,
    reply: Type.Array(Type.Union([Type.String(), Certificate])),
  },
  'POST /1.0/certificates': {
    summary: 'Add a certificate, enter the own one with a token, or make a token',
    access: 'public',
    answer: 'varied',
    query: ProjectQuery,
    body: CertificatesPost,
  },
  'GET /1.0/certificates/{fingerprint}': {
    summary: 'Get a trusted certificate, by its fingerprint or the beginning of it',
    access: 'view',
    answer: 'sync',
    query: ItemQuery,
    reply: Certificate,
    etag,
  },
  'PUT /1.0/certificates/{fingerprint}': {
    summary: 'Replace the name, the restrictions or the certificate itself',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: CertificatePut,
    reply: Empty,
  },
  'PATCH /1.0/certificates/{fingerprint}': {
    summary: 'Change the name, the restrictions or the certificate itself',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    body: CertificatePut,
    reply: Empty,
  },
  'DELETE /1.0/certificates/{fingerprint}': {
    summary: 'Trust a certificate no more',
    access: 'manage',
    answer: 'sync',
    query: ProjectQuery,
    reply: Empty,
  },
} as const satisfies RouteTable;
