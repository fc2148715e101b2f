/** Routes of operations. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { operationRoutes } from '../../api/resources/operations.ts';
import type { House } from '../house.ts';
import { recursionOf, wantsAllProjects } from '../listing.ts';

const operationUrl = (id: string) => `/1.0/operations/${id}`;

export function operationHandlers(house: Pick<House, 'operations'>): Handlers<typeof operationRoutes> {
  const { operations } = house;
  return {
    /** A map from the status in small letters to the operations that have it. */
    'GET /1.0/operations'({ query, project }) {
      const found = operations.list(wantsAllProjects(query) ? undefined : project);
      const groups = Object.groupBy(found, (operation) => operation.status.toLowerCase());
      const show = recursionOf(query) >= 1;
      return Object.fromEntries(
        Object.entries(groups).map(([status, list]) => [
          status,
          (list ?? []).map((operation) => (show ? operation : operationUrl(operation.id))),
        ]),
      );
    },
    'GET /1.0/operations/{id}': ({ params }) => operations.get(params.id),
    'DELETE /1.0/operations/{id}'({ params }) {
      operations.cancel(params.id);
      return {};
    },
    'GET /1.0/operations/{id}/wait'({ params, query, identity, signal }) {
      if (!identity.trusted && !operations.hasSecret(params.id, query.secret ?? '')) return fail('request.forbidden');
      const seconds = Number(query.timeout || '-1');
      if (!(seconds >= 0 || seconds === -1))
        return fail('request.invalid', { reason: `timeout: "${query.timeout}" is not a number of seconds, or -1` });
      return operations.wait(params.id, seconds < 0 ? undefined : Math.min(seconds, 86_400) * 1000, signal);
    },
    'GET /1.0/operations/{id}/websocket': ({ params, query }) => operations.connect(params.id, query.secret ?? ''),
  };
}
