/** Bad requests to forwards, access lists, certificates, warnings, metadata, templates and migration. */
import { type BadRequest, del, etag, get, long, post, put } from './request.ts';

const forwards = '/1.0/networks/gastbr0/forwards';
const port = { protocol: 'tcp', listen_port: '80', target_address: '10.77.0.2' };
const forward = (body: Record<string, unknown>, says: RegExp) =>
  post(forwards, { listen_address: '198.51.100.7', ...body }, 400, says);
const ofForwards: BadRequest[] = [
  forward({ listen_address: 'x' }, /listen address/i),
  forward({ listen_address: '10.77.0.1/24' }, /listen address/i),
  forward({ config: { nosuch: '1' } }, /nosuch/),
  forward({ config: { target_address: '192.0.2.9' } }, /target address/i),
  forward({ ports: [{ ...port, protocol: 'sctp' }] }, /protocol/),
  forward({ ports: [{ ...port, listen_port: '0' }] }, /port/),
  forward({ ports: [{ ...port, listen_port: '80-70' }] }, /port/),
  forward({ ports: [{ ...port, listen_port: '70000' }] }, /port/),
  forward({ ports: [{ ...port, listen_port: '80 } ; flush ruleset' }] }, /port/),
  forward({ ports: [{ ...port, target_port: '1-3' }] }, /port/),
  forward({ ports: [{ ...port, target_address: 'fd00::1' }] }, /address/),
  forward({ ports: [port, port] }, /port/),
  forward({ ports: 'x' }, /ports must be/),
  post(forwards, {}, 400, /listen_address is missing/),
  post('/1.0/networks/nosuch/forwards', { listen_address: '198.51.100.7' }, 404, /Network not found/),
  get(`${forwards}/198.51.100.9`, 404, /forward not found/),
  put(`${forwards}/198.51.100.9`, {}, 404, /forward not found/),
  del(`${forwards}/..%2fx`, 404, /forward not found/),
  get('/1.0/networks/gastbr0/peers', 400, /does not support/),
  get('/1.0/networks/gastbr0/load-balancers', 400, /does not support/),
];

const acl = (rule: Record<string, unknown>, says: RegExp) =>
  post('/1.0/network-acls', { name: 'x', ingress: [{ action: 'allow', ...rule }] }, 400, says);
const ofAcls: BadRequest[] = [
  post('/1.0/network-acls', {}, 400, /name is missing/),
  post('/1.0/network-acls', { name: '' }, 400, /name/i),
  post('/1.0/network-acls', { name: 'a/b' }, 400, /name/i),
  post('/1.0/network-acls', { name: '-x' }, 400, /name/i),
  post('/1.0/network-acls', { name: 'walls' }, 400, /already exists/),
  acl({ action: 'perhaps' }, /Action must be one of/),
  acl({ state: 'perhaps' }, /State must be one of/),
  acl({ protocol: 'sctp' }, /Protocol must be one of/),
  acl({ source: 'x y' }, /Invalid source "x"/),
  acl({ source: '10.0.0.0/40' }, /10\.0\.0\.0\/40/),
  acl({ destination: '10.0.0.9-10.0.0.1' }, /10\.0\.0\.9/),
  acl({ destination_port: '80' }, /port/i),
  acl({ protocol: 'tcp', destination_port: '99999' }, /port/i),
  acl({ protocol: 'tcp', destination_port: '80; drop' }, /port/i),
  acl({ protocol: 'tcp', icmp_type: '8' }, /ICMP/i),
  acl({ protocol: 'icmp4', icmp_type: '999' }, /ICMP/i),
  acl({ description: 7 }, /description must be a string/),
  put('/1.0/network-acls/nosuch', {}, 404, /ACL not found/),
  { ...put('/1.0/network-acls/walls', {}, 412, /ETag/), headers: etag },
  del('/1.0/network-acls/nosuch', 404, /ACL not found/),
  post('/1.0/network-acls/walls', { name: '../x' }, 400, /name/i),
  put('/1.0/networks/gastbr0', { config: { 'security.acls': 'nosuch' } }, 400, /nosuch/),
];

const ofTrust: BadRequest[] = [
  post('/1.0/certificates', { type: 'client', certificate: 'nonsense' }, 400, /certificate/i),
  post('/1.0/certificates', { type: 'client', certificate: 'AAAA' }, 400, /certificate/i),
  post(
    '/1.0/certificates',
    { type: 'client', certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n' },
    400,
    /certificate/i,
  ),
  post('/1.0/certificates', { type: 'king', token: true }, 400, /"king"/),
  post('/1.0/certificates', { type: 'client' }, 400, /TLS/),
  post('/1.0/certificates', { type: 'client', trust_token: 'nonsense' }, 400, /TLS|token/),
  post('/1.0/certificates', { type: 'client', token: true, projects: ['nosuch'], restricted: true }, 404, /Project/),
  get('/1.0/certificates/abcdef', 404, /Certificate not found/),
  get('/1.0/certificates/..%2fx', 404, /Certificate not found/),
  put('/1.0/certificates/abcdef', { type: 'client' }, 404, /Certificate not found/),
  del('/1.0/certificates/abcdef', 404, /Certificate not found/),
  get('/1.0/warnings/nosuch', 404, /Warning not found/),
  put('/1.0/warnings/nosuch', { status: 'new' }, 404, /Warning not found/),
  put('/1.0/warnings/nosuch', { status: 'resolved' }, 400, /status/),
  del('/1.0/warnings/nosuch', 404, /Warning not found/),
];

const metadata = '/1.0/instances/web/metadata';
const template = (query: string, body: string, says: RegExp, status = 400): BadRequest => ({
  method: 'POST',
  url: `${metadata}/templates${query}`,
  body: Buffer.from(body),
  headers: { 'Content-Type': 'application/octet-stream' },
  status,
  says,
});
const withTemplate = (path: string, given: Record<string, unknown>, says: RegExp) =>
  put(metadata, { templates: { [path]: { when: ['start'], template: 'x.tpl', ...given } } }, 400, says);
const ofMetadata: BadRequest[] = [
  put(metadata, { creation_date: -1 }, 400, /creation_date/),
  put(metadata, { properties: 'x' }, 400, /properties must be/),
  withTemplate('etc/passwd', {}, /etc\/passwd/),
  withTemplate('/a/../b', {}, /\.\./),
  withTemplate('/x', { template: '../x' }, /\.\.\/x/),
  withTemplate('/x', { when: ['someday'] }, /someday/),
  withTemplate('/x', { mode: 'rwx' }, /mode/),
  withTemplate('/x', { uid: '-1' }, /uid/),
  { ...put(metadata, {}, 412, /ETag/), headers: etag },
  get(`${metadata}/templates?path=nosuch`, 404, /Template not found/),
  get(`${metadata}/templates?path=..%2f..%2fetc%2fpasswd`, 404, /Template not found/),
  template('', 'x', /"" is not a file name/),
  template('?path=..%2fx', 'x', /path|name/),
  template('?path=a%00b', 'x', /path|name/),
  del(`${metadata}/templates?path=nosuch`, 404, /Template not found/),
  del(`${metadata}/templates`, 400, /"" is not a file name/),
  get('/1.0/instances/nosuch/metadata', 404, /Instance not found/),
];

const migration = (given: Record<string, unknown>, says: RegExp, status = 400) =>
  post('/1.0/instances', { name: 'new', source: { type: 'migration', mode: 'pull', ...given } }, status, says);
const ofMigration: BadRequest[] = [
  migration({ mode: 'teleport' }, /"teleport" not implemented/, 501),
  migration({}, /address|operation/),
  migration({ operation: 'nonsense', secrets: { control: 'a', fs: 'b' } }, /address/),
  migration({ operation: 'file:///etc/passwd', secrets: { control: 'a', fs: 'b' } }, /address/),
  migration({ operation: 'https://192.0.2.1:8443/1.0/operations/x', secrets: {} }, /secret/),
  migration({ operation: 'https://192.0.2.1:8443/1.0/operations/x', secrets: { control: 'a' } }, /secret/),
  post(
    '/1.0/instances/stopped',
    { name: 'x', migration: true, target: { operation: 'nonsense', secrets: {} } },
    400,
    /address|secret/,
  ),
  post('/1.0/instances/web', { name: 'web', migration: true, live: true }, 400, /live migration/),
  post('/1.0/instances/nosuch', { name: 'x', migration: true }, 404, /Instance not found/),
  post('/1.0/instances/stopped', { name: 'x', migration: true, pool: 'nosuch' }, 404, /pool not found/),
  post('/1.0/instances/stopped', { name: 'x', migration: true, project: 'nosuch' }, 404, /Project not found/),
  post(`/1.0/instances/${long(64)}`, { name: 'x' }, 404, /Instance not found/),
];

export const rulesAndTrust: BadRequest[] = [...ofForwards, ...ofAcls, ...ofTrust, ...ofMetadata, ...ofMigration];
