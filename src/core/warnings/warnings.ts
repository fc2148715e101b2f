/**
 * Warnings: what is wrong and lasts. One document per kind and thing; seen again it is counted, gone it is resolved.
 * An acknowledged one stays quiet until it was resolved and comes back.
 */
import { randomUUID } from 'node:crypto';
import type { Documents } from '../documents.ts';
import type { EventHub } from '../events/hub.ts';
import { keys, type WarningDoc } from '../model.ts';
import type { Clock } from '../ports/clock.ts';

export type Severity = WarningDoc['severity'];
/** `kind` is a short sentence without names; `entity` the URL of the thing, empty for the server. */
export type Problem = { kind: string; entity?: string; project?: string; severity: Severity; message: string };

export interface Warnings {
  list(): WarningDoc[];
  get(uuid: string): WarningDoc | undefined;
  raise(problem: Problem): Promise<void>;
  resolve(kind: string, entity?: string): Promise<void>;
  change(doc: WarningDoc, status: WarningDoc['status']): Promise<void>;
  remove(uuid: string): Promise<void>;
}

type Needs = { documents: Documents; clock: Pick<Clock, 'now'>; events: Pick<EventHub, 'lifecycle'> };

export function createWarnings({ documents, clock, events }: Needs): Warnings {
  const list = () => documents.list<WarningDoc>('warnings/');
  const find = (kind: string, entity: string) => list().find((doc) => doc.kind === kind && doc.entity === entity);
  const now = () => clock.now().toISOString();
  const told = (verb: string, { uuid, project }: WarningDoc) =>
    events.lifecycle(project || 'default', { action: `warning-${verb}`, source: `/1.0/warnings/${uuid}` });
  const raise = async ({ kind, entity = '', project = '', severity, message }: Problem) => {
    const known = find(kind, entity);
    const doc: WarningDoc = {
      uuid: known?.uuid ?? randomUUID(),
      kind,
      entity,
      project,
      severity,
      message,
      status: known && known.status !== 'resolved' ? known.status : 'new',
      count: (known?.count ?? 0) + 1,
      firstSeenAt: known?.firstSeenAt ?? now(),
      lastSeenAt: now(),
    };
    await documents.put(keys.warning(doc.uuid), doc);
  };
  return {
    list,
    get: (uuid) => documents.get<WarningDoc>(keys.warning(uuid)),
    raise,
    async resolve(kind, entity = '') {
      const known = find(kind, entity);
      if (known && known.status !== 'resolved')
        await documents.put(keys.warning(known.uuid), { ...known, status: 'resolved' });
    },
    async change(doc, status) {
      await documents.put(keys.warning(doc.uuid), { ...doc, status });
      told(status === 'acknowledged' ? 'acknowledged' : 'reset', doc);
    },
    async remove(uuid) {
      const doc = documents.get<WarningDoc>(keys.warning(uuid));
      await documents.delete(keys.warning(uuid));
      if (doc) told('deleted', doc);
    },
  };
}
