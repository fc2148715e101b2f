/**
 * Decides what an identity may do. Strangers have what is public; trusted callers may everything, unless their certificate
 * confines them to projects: then the tables below say what is left.
 */
import { fail } from '../api/errors.ts';
import type { Identity } from '../api/handlers.ts';
import type { Access } from '../api/route.ts';

export type Asked = {
  method: string;
  access: Access;
  /** As in the route table: `/1.0/instances/{name}`. */
  path: string;
  /** What stands in the path for `{name}`. */
  name?: string | undefined;
  project: string;
  allProjects: boolean;
};

/** Throws when not. */
export type Authorize = (identity: Identity, asked: Asked) => void;

/** What this file needs from core: the project whose images, profiles, ... are used in `project`. */
export type ProjectFor = (feature: SharedFeature, project: string) => string;
type SharedFeature = 'images' | 'profiles' | 'storage.volumes';

/** Belongs to no project: who is confined may look, or the handler shows them their part, and they change nothing. */
const serverWide =
  /^\/(1\.0(\/(projects(\/.*)?|storage-pools(\/\{\w+\}(\/resources)?)?|warnings(\/.*)?|cluster(\/.*)?|resources|metadata\/.*|doctor|openapi\.json))?)?$/;

/** Seen from a project, and of the server all the same. */
const lent = /^\/1\.0\/network[a-z-]*(\/|$)/;

/** The handlers look themselves whose it is: a certificate has an owner, an operation a project. */
const ownBusiness = /^\/1\.0\/(certificates|operations\/\{\w+\})(\/|$)/;

/** A project can use the ones of `default`: they are not its own to change. */
const shared: readonly [path: RegExp, feature: SharedFeature][] = [
  [/^\/1\.0\/images(\/|$)/, 'images'],
  [/^\/1\.0\/profiles(\/|$)/, 'profiles'],
  [/^\/1\.0\/storage-pools\/\{\w+\}\/volumes/, 'storage.volumes'],
];

/** What the owner of a guest may do with it (`security.owner`). Of the list of guests the handler gives the owner's part. */
const ownersMay = new Set([
  'GET /1.0/instances',
  'GET /1.0/instances/{name}',
  'GET /1.0/instances/{name}/state',
  'PUT /1.0/instances/{name}/state',
  'GET /1.0/instances/{name}/console',
  'POST /1.0/instances/{name}/console',
  'POST /1.0/instances/{name}/console/keys',
]);

/** What this file needs from core: whether the caller is named as the owner of that guest. */
export type OwnsInstance = (identity: Identity, project: string, name: string) => boolean;

function isOwners(
  { method, path, name, project, allProjects }: Asked,
  identity: Identity,
  owns: OwnsInstance,
): boolean {
  if (!identity.local || allProjects || !ownersMay.has(`${method.replace('HEAD', 'GET')} ${path}`)) return false;
  return name === undefined || owns(identity, project, name);
}

export function createAuthorizer(projectFor: ProjectFor, owns: OwnsInstance = () => false): Authorize {
  return (identity, asked) => {
    const { access, path } = asked;
    if (identity.only === 'metrics') {
      if (access !== 'public' && path !== '/1.0/metrics') fail('auth.restricted');
      return;
    }
    if (!identity.trusted) {
      if (access !== 'public' && access !== 'secret' && !isOwners(asked, identity, owns)) fail('request.forbidden');
      return;
    }
    // Who waits for the daemon or stops it is on its host.
    if (path.startsWith('/internal/') && identity.protocol !== 'unix') fail('request.forbidden');
    if (identity.projects !== undefined) confine(identity.projects, asked, projectFor);
  };
}

/** Bodies name projects too: the one to move to, the one to copy from. */
export function authorizeBody({ projects }: Identity, body: unknown): void {
  if (projects === undefined || typeof body !== 'object' || body === null) return;
  const { source } = body as { source?: unknown };
  for (const part of [body, source]) {
    const named = typeof part === 'object' && part !== null && 'project' in part ? part.project : undefined;
    if (typeof named === 'string' && named !== '' && !projects.includes(named))
      fail('auth.project', { project: named });
  }
}

function confine(projects: readonly string[], asked: Asked, projectFor: ProjectFor): void {
  const { access, path, project } = asked;
  if (access === 'admin') fail('auth.restricted');
  if (ownBusiness.test(path)) return;
  const looks = access === 'public' || access === 'view';
  if (serverWide.test(path)) {
    if (!looks) fail('auth.restricted');
    return;
  }
  if (asked.allProjects) fail('auth.restricted');
  if (!projects.includes(project)) fail('auth.project', { project });
  if (looks) return;
  if (lent.test(path)) fail('auth.restricted');
  for (const [pattern, feature] of shared) {
    const owner = pattern.test(path) ? projectFor(feature, project) : project;
    if (!projects.includes(owner)) fail('auth.project', { project: owner });
  }
}
