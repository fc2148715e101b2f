/** Starting guests after a boot of the host, in the order of their priority (F11). */
import { isTrue } from '../../api/config-keys/key.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import type { Operations } from '../operations/registry.ts';
import { expand } from './expand.ts';
import { allInstances, instanceUrl } from './find.ts';
import { type StartNeeds, startInstance } from './start.ts';

type Needs = StartNeeds & { operations: Operations } & Pick<House, 'clock'>;

/** `ranBefore` are the guests that were running when the host went down. */
export async function autostart(house: Needs, ranBefore: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  for (const { doc, delayMs } of startOrder(house, ranBefore)) {
    if (signal.aborted) return;
    const started = house.operations.start(
      { description: 'Starting instance', project: doc.project, resources: { instances: [instanceUrl(doc)] } },
      (task) => house.queue(doc.id, () => startInstance(house, doc.id, task)),
    );
    await house.operations.wait(started.id, undefined, signal);
    if (delayMs > 0) await house.clock.sleep(delayMs, signal);
  }
}

export function startOrder(
  house: Pick<House, 'documents'>,
  ranBefore: ReadonlySet<string>,
): { doc: InstanceDoc; delayMs: number }[] {
  return allInstances(house)
    .filter((doc) => doc.phase === 'stopped' && !doc.handedOver)
    .map((doc) => ({ doc, config: expand(house, doc).config }))
    .filter(({ doc, config }) =>
      config['boot.autostart'] === undefined ? ranBefore.has(doc.id) : isTrue(config['boot.autostart']),
    )
    .sort(
      (a, b) =>
        Number(b.config['boot.autostart.priority'] ?? 0) - Number(a.config['boot.autostart.priority'] ?? 0) ||
        a.doc.name.localeCompare(b.doc.name),
    )
    .map(({ doc, config }) => ({ doc, delayMs: Number(config['boot.autostart.delay'] ?? 0) * 1000 }));
}
