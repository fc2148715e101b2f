/** Routes of certificates. Who is confined to projects sees and renews its own certificate only. */
import { fail } from '../../api/errors.ts';
import type { Handlers, Identity } from '../../api/handlers.ts';
import {
  type CertificatePut,
  type CertificatesPost,
  type CertificateType,
  type certificateRoutes,
  certificateTypes,
} from '../../api/resources/certificates.ts';
import type { House } from '../house.ts';
import { listing } from '../listing.ts';
import { type CertificateDoc, keys } from '../model.ts';
import { lookUpProject } from '../projects/features.ts';
import { allCertificates, certificateUrl, findCertificate, readCertificate, showCertificate } from './find.ts';
import { makeToken, redeemToken, type TokenRequest } from './tokens.ts';
import { isTrustPassword } from './trust-password.ts';

export function certificateHandlers(house: House): Handlers<typeof certificateRoutes> {
  const told = (verb: string, { fingerprint }: CertificateDoc) =>
    house.events.lifecycle('default', { action: `certificate-${verb}`, source: certificateUrl(fingerprint) });
  const visible = ({ projects, username }: Identity) =>
    allCertificates(house).filter(({ fingerprint }) => projects === undefined || fingerprint === username);
  const find = (identity: Identity, given: string): CertificateDoc => {
    const doc = findCertificate(house, given);
    // What is not one's own is not there.
    return visible(identity).some(({ fingerprint }) => fingerprint === doc.fingerprint)
      ? doc
      : fail('certificate.not-found');
  };
  const change = async (identity: Identity, doc: CertificateDoc, next: CertificateDoc) => {
    if (identity.projects) onlyRenewed(doc, next);
    check(house, next);
    const moves = next.fingerprint !== doc.fingerprint;
    if (moves) free(house, next.fingerprint);
    await house.documents.commit([
      ...(moves ? [{ delete: keys.certificate(doc.fingerprint) }] : []),
      { put: keys.certificate(next.fingerprint), value: next },
    ]);
    told('updated', next);
    return {};
  };
  const add = async (doc: CertificateDoc) => {
    check(house, doc);
    free(house, doc.fingerprint);
    await house.documents.put(keys.certificate(doc.fingerprint), doc);
    told('created', doc);
    return { location: certificateUrl(doc.fingerprint) };
  };

  return {
    'GET /1.0/certificates': ({ query, identity }) =>
      listing(
        visible(identity).map((doc) => ({
          url: certificateUrl(doc.fingerprint),
          object: () => showCertificate(doc),
        })),
        query,
      ),
    async 'POST /1.0/certificates'({ body, identity }) {
      const given = body.trust_token || body.password;
      if (body.token) {
        mayAdd(identity);
        const wish = wishOf(body);
        check(house, wish);
        if (body.certificate) fail('certificate.request', { reason: "Can't use certificate if token is requested" });
        if (typeOf(body.type) !== 'client')
          fail('certificate.request', { reason: 'Tokens can only be issued for client certificates' });
        return { operation: makeToken(house, wish, body) };
      }
      if (given) return add(await entered(house, identity, body, given));
      mayAdd(identity);
      const shown = readCertificate(body.certificate || identity.certificate || fail('certificate.missing'));
      const wish = wishOf(body);
      return add({ ...shown, ...wish, name: wish.name || shown.name, type: typeOf(body.type) });
    },
    'GET /1.0/certificates/{fingerprint}': ({ params, identity }) =>
      showCertificate(find(identity, params.fingerprint)),
    'PUT /1.0/certificates/{fingerprint}'({ params, body, identity, checkMatch }) {
      const doc = find(identity, params.fingerprint);
      checkMatch(showCertificate(doc));
      const whole = {
        name: doc.name,
        type: 'client',
        restricted: false,
        projects: [],
        description: '',
        ...present(body),
      };
      return change(identity, doc, changed(doc, whole));
    },
    'PATCH /1.0/certificates/{fingerprint}'({ params, body, identity, checkMatch }) {
      const doc = find(identity, params.fingerprint);
      checkMatch(showCertificate(doc));
      return change(identity, doc, changed(doc, body));
    },
    async 'DELETE /1.0/certificates/{fingerprint}'({ params, identity }) {
      const doc = find(identity, params.fingerprint);
      if (identity.projects) fail('auth.restricted');
      await house.documents.delete(keys.certificate(doc.fingerprint));
      told('deleted', doc);
      return {};
    },
  };
}

/** The client entered its certificate itself, with a token or the password. */
async function entered(
  house: House,
  identity: Identity,
  body: CertificatesPost,
  given: string,
): Promise<CertificateDoc> {
  // Read first: a token must not be lost to a certificate that is none.
  const shown = readCertificate(body.certificate || identity.certificate || fail('certificate.missing'));
  free(house, shown.fingerprint);
  const wish = redeemToken(house, given);
  if (wish) return { ...shown, ...wish, name: wish.name || shown.name, type: 'client' };
  if (body.password && (await isTrustPassword(house, body.password))) {
    const name = body.name || identity.address;
    return { ...shown, name, type: 'client', restricted: false, projects: [], description: '' };
  }
  return fail('request.forbidden');
}

function mayAdd(identity: Identity): void {
  if (!identity.trusted) fail('request.forbidden');
  if (identity.projects) fail('auth.restricted');
}

function free(house: Pick<House, 'documents'>, fingerprint: string): void {
  if (house.documents.get(keys.certificate(fingerprint))) fail('certificate.exists');
}

function wishOf(body: CertificatePut): TokenRequest {
  return {
    name: body.name ?? '',
    restricted: body.restricted ?? false,
    projects: body.projects ?? [],
    description: body.description ?? '',
  };
}

function typeOf(text: string | null | undefined): CertificateType {
  const type = text || 'client';
  return certificateTypes.find((one) => one === type) ?? fail('certificate.type', { type });
}

function check(house: Pick<House, 'documents'>, doc: Pick<CertificateDoc, 'name' | 'projects'>): void {
  if (doc.name.length > 255 || /\p{Cc}/u.test(doc.name)) fail('certificate.name');
  for (const name of doc.projects) if (!lookUpProject(house, name)) fail('project.not-found', { name });
}

const present = (body: CertificatePut): CertificatePut =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined));

function changed(doc: CertificateDoc, body: CertificatePut): CertificateDoc {
  const { certificate, fingerprint: _follows, type, ...rest } = present(body) as Partial<CertificateDoc>;
  const { name: _subject, ...shown } = certificate ? readCertificate(certificate) : { ...doc, name: '' };
  return {
    ...doc,
    ...rest,
    certificate: shown.certificate,
    fingerprint: shown.fingerprint,
    type: typeOf(type ?? doc.type),
  };
}

/** A client renews its certificate; it neither frees itself nor gets more projects. */
function onlyRenewed(doc: CertificateDoc, next: CertificateDoc): void {
  const rights = ({ type, restricted, projects, name, description }: CertificateDoc) =>
    JSON.stringify([type, restricted, [...projects].sort(), name, description]);
  if (rights(doc) !== rights(next)) fail('auth.restricted');
}
