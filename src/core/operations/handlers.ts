/** Routes of operations. */
import { fail } from '../../api/errors.ts';
import type { Handlers, Identity } from '../../api/handlers.ts';
import type { operationRoutes } from '../../api/resources/operations.ts';
import type { House } from '../house.ts';
import { ownsAllOf } from '../instances/owners.ts';
import { recursionOf, wantsAllProjects } from '../listing.ts';

const operationUrl = (id: string) => `/1.0/operations/${id}`;

export function operationHandlers(house: Pick<House, 'operations' | 'documents'>): Handlers<typeof operationRoutes> {
  const { operations } = house;
  /** Whose projects do not have it must not know of it; the secret of a token would make them anybody. */
  const checkVisible = ({ projects }: Identity, id: string) => {
    if (!projects) return;
    const visible = projects.includes(operations.projectOf(id)) && operations.get(id).class !== 'token';
    if (!visible) fail('operation.not-found');
  };
  return {
    /** A map from the status in small letters to the operations that have it. */
    'GET /1.0/operations'({ query, project, identity }) {
      const all = operations.list(wantsAllProjects(query) ? undefined : project);
      const found = identity.projects ? all.filter((operation) => operation.class !== 'token') : all;
      const groups = Object.groupBy(found, (operation) => operation.status.toLowerCase());
      const show = recursionOf(query) >= 1;
      return Object.fromEntries(
        Object.entries(groups).map(([status, list]) => [
          status,
          (list ?? []).map((operation) => (show ? operation : operationUrl(operation.id))),
        ]),
      );
    },
    'GET /1.0/operations/{id}'({ params, identity }) {
      checkVisible(identity, params.id);
      return operations.get(params.id);
    },
    'DELETE /1.0/operations/{id}'({ params, identity }) {
      checkVisible(identity, params.id);
      operations.cancel(params.id);
      return {};
    },
    'GET /1.0/operations/{id}/wait'({ params, query, identity, signal }) {
      if (!query.secret || !operations.hasSecret(params.id, query.secret)) {
        const isOwners = () => ownsAllOf(house, identity, operations.get(params.id).resources);
        // Only who could be an owner learns whether there is such an operation.
        if (!identity.trusted && !(identity.local && isOwners())) return fail('request.forbidden');
        checkVisible(identity, params.id);
      }
      const seconds = Number(query.timeout || '-1');
      if (!(seconds >= 0 || seconds === -1))
        return fail('request.invalid', { reason: `timeout: "${query.timeout}" is not a number of seconds, or -1` });
      return operations.wait(params.id, seconds < 0 ? undefined : Math.min(seconds, 86_400) * 1000, signal);
    },
    'GET /1.0/operations/{id}/websocket': ({ params, query }) => operations.connect(params.id, query.secret ?? ''),
  };
}
