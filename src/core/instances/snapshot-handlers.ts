/** Routes of snapshots. */
import type { Handlers } from '../../api/handlers.ts';
import type { Routes } from '../../api/routes.ts';
import { expiryTime } from '../expiry-time.ts';
import type { House } from '../house.ts';
import { listing } from '../listing.ts';
import { startSending } from '../migration/send-instance.ts';
import type { InstanceDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { allowSnapshot } from '../projects/rules.ts';
import { findInstance, findSnapshot, instanceUrl, snapshotsOf } from './find.ts';
import { rootsOf } from './roots.ts';
import { changeSnapshot, deleteSnapshot, nextName, takeSnapshot } from './snapshots.ts';
import { snapshotView } from './view.ts';

type One = '/1.0/instances/{name}/snapshots/{snapshot}';
type Own = Pick<
  Handlers<Routes>,
  `${'GET' | 'POST'} /1.0/instances/{name}/snapshots` | `${'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'} ${One}`
>;

export function snapshotHandlers(house: House): Own {
  const url = (doc: InstanceDoc, name: string) => instanceUrl(doc, `/snapshots/${encodeURIComponent(name)}`);
  const start = (doc: InstanceDoc, description: string, name: string, work: (task: Task) => Promise<unknown>) =>
    house.operations.start(
      {
        description,
        project: doc.project,
        resources: { instances: [instanceUrl(doc)], instances_snapshots: [url(doc, name)] },
      },
      async (task) => {
        await house.queue(doc.id, () => work(task));
      },
    );
  const change: Own[`PUT ${One}`] = ({ params, body, project, checkMatch }) => {
    const doc = findInstance(house, project, params.name);
    checkMatch(snapshotView(house, doc, findSnapshot(house, doc, params.snapshot)));
    const patch = {
      ...(body.expires_at === undefined ? {} : { expiresAt: expiryTime(body.expires_at) }),
      ...(body.description === undefined ? {} : { description: body.description }),
    };
    return start(doc, 'Updating snapshot', params.snapshot, () =>
      changeSnapshot(house, doc.id, params.snapshot, patch),
    );
  };
  return {
    'GET /1.0/instances/{name}/snapshots'({ params, query, project }) {
      const doc = findInstance(house, project, params.name);
      return listing(
        snapshotsOf(house, doc.id).map((snapshot) => ({
          url: url(doc, snapshot.name),
          object: () => snapshotView(house, doc, snapshot),
        })),
        query,
      );
    },
    'POST /1.0/instances/{name}/snapshots'({ params, body, project }) {
      const doc = findInstance(house, project, params.name);
      allowSnapshot(house, project);
      const request = {
        ...(body.name ? { name: body.name } : {}),
        ...(body.description ? { description: body.description } : {}),
        ...(body.expires_at ? { expiresAt: expiryTime(body.expires_at) } : {}),
        ...(body.stateful ? { stateful: true } : {}),
      };
      // Only a forecast: the name is chosen when the turn comes.
      return start(doc, 'Snapshotting instance', body.name || nextName(house, doc), async (task) => {
        await takeSnapshot(house, doc.id, request, task);
      });
    },
    async 'GET /1.0/instances/{name}/snapshots/{snapshot}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      const snapshot = findSnapshot(house, doc, params.snapshot);
      const size = house.pools.has(doc.pool) ? await rootsOf(house, doc).usage(doc.id, snapshot.id) : undefined;
      return snapshotView(house, doc, snapshot, size);
    },
    'PUT /1.0/instances/{name}/snapshots/{snapshot}': change,
    'PATCH /1.0/instances/{name}/snapshots/{snapshot}': change,
    'POST /1.0/instances/{name}/snapshots/{snapshot}'({ params, body, project }) {
      const doc = findInstance(house, project, params.name);
      const snapshot = findSnapshot(house, doc, params.snapshot);
      if (body.migration) return startSending(house, doc, body, snapshot);
      const name = body.name ?? '';
      return start(doc, 'Renaming snapshot', params.snapshot, () =>
        changeSnapshot(house, doc.id, params.snapshot, { name }),
      );
    },
    'DELETE /1.0/instances/{name}/snapshots/{snapshot}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      findSnapshot(house, doc, params.snapshot);
      return start(doc, 'Deleting snapshot', params.snapshot, (task) =>
        deleteSnapshot(house, doc.id, params.snapshot, task),
      );
    },
  };
}
