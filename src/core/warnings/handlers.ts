/** Routes of warnings. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Warning, warningRoutes } from '../../api/resources/warnings.ts';
import type { House } from '../house.ts';
import { listing, wantsAllProjects } from '../listing.ts';
import type { WarningDoc } from '../model.ts';

type One = '/1.0/warnings/{uuid}';

export function warningHandlers(house: Pick<House, 'warnings'>): Handlers<typeof warningRoutes> {
  const find = (uuid: string) => house.warnings.get(uuid) ?? fail('warning.not-found');
  const change: Handlers<typeof warningRoutes>[`PUT ${One}`] = async ({ params, body, checkMatch }) => {
    const doc = find(params.uuid);
    checkMatch(warningView(doc));
    await house.warnings.change(doc, body.status);
    return {};
  };
  return {
    'GET /1.0/warnings'({ query }) {
      const asked = wantsAllProjects(query) ? undefined : query.project;
      const docs = house.warnings.list().filter((doc) => !asked || doc.project === '' || doc.project === asked);
      return listing(
        docs.map((doc) => ({ url: `/1.0/warnings/${doc.uuid}`, object: () => warningView(doc) })),
        query,
      );
    },
    'GET /1.0/warnings/{uuid}': ({ params }) => warningView(find(params.uuid)),
    'PUT /1.0/warnings/{uuid}': change,
    'PATCH /1.0/warnings/{uuid}': change,
    async 'DELETE /1.0/warnings/{uuid}'({ params }) {
      await house.warnings.remove(find(params.uuid).uuid);
      return {};
    },
  };
}

const warningView = (doc: WarningDoc): Warning => ({
  status: doc.status,
  uuid: doc.uuid,
  location: 'none',
  project: doc.project,
  type: doc.kind,
  count: doc.count,
  first_seen_at: doc.firstSeenAt,
  last_seen_at: doc.lastSeenAt,
  last_message: doc.message,
  severity: doc.severity,
  entity_url: doc.entity,
});
