/**
 * Looks after images by the clock: those that follow their source are compared with it, cached ones that nobody used for long
 * go. One timer, set to what is due next; nothing is polled, and a restart knows when the last comparison was.
 */
import { asDaemon } from '../events/caller.ts';
import type { House } from '../house.ts';
import { type ImageCheckDoc, type ImageDoc, keys } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { deleteImage, isInUse } from './delete.ts';
import { type RefreshNeeds, refreshImage } from './remote/refresh.ts';
import { imageSettings } from './settings.ts';
import { cacheEndMs, isUpdated, nextDueMs, type PlanInput, updateDueMs } from './update-plan.ts';
import { imageUrl } from './view.ts';

/** Longest time that a timer of the runtime can wait. */
const longestMs = 2 ** 31 - 1;

type Needs = RefreshNeeds & Pick<House, 'operations'>;

/** Call `look` whenever an image or the configuration may have changed. */
export function createImageSchedule(house: Needs): { look(): void } & Disposable {
  let timer: NodeJS.Timeout | undefined;
  let working = false;
  let closed = false;
  const look = () => {
    clearTimeout(timer);
    if (working || closed) return;
    const dueMs = nextDueMs(planOf(house));
    if (dueMs === undefined) return;
    const waitMs = Math.max(0, dueMs - house.clock.now().getTime());
    // Whoever changed something just now did not ask for it.
    timer = asDaemon(() => setTimeout(work, Math.min(longestMs, waitMs + 1))).unref();
  };
  const work = () => {
    working = true;
    lookAfterImages(house)
      .catch((error: unknown) => house.events.logging('warning', `Images could not be looked after: ${error}`))
      .finally(() => {
        working = false;
        look();
      });
  };
  return {
    look,
    [Symbol.dispose]() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function planOf(house: Pick<House, 'documents'>): PlanInput {
  return {
    images: house.documents.list<ImageDoc>('images/'),
    settingsOf: (project) => imageSettings(house, project),
    checkedAtMs: Date.parse(house.documents.get<ImageCheckDoc>(keys.imageCheck)?.at ?? '') || 0,
    isInUse: (fingerprint) => isInUse(house, fingerprint),
  };
}

/** Does what is due now. */
export async function lookAfterImages(house: Needs): Promise<void> {
  const plan = planOf(house);
  const nowMs = house.clock.now().getTime();
  for (const doc of plan.images) {
    const endMs = cacheEndMs(doc, plan);
    if (endMs === undefined || endMs > nowMs) continue;
    await deleteImage(house, doc);
    tell(house, doc, 'image-deleted');
  }
  const dueMs = updateDueMs(plan);
  if (dueMs === undefined || dueMs > nowMs) return;
  // Noted first: a server that cannot be reached is asked again at the next time, not at once.
  await house.documents.put(keys.imageCheck, { at: house.clock.now().toISOString() } satisfies ImageCheckDoc);
  const followed = plan.images.filter((doc) => isUpdated(doc) && plan.settingsOf(doc.project).updateEveryHours > 0);
  const done = Promise.withResolvers<void>();
  house.operations.start(
    { description: 'Updating images', project: 'default', resources: {}, mayCancel: true },
    async (task) => {
      try {
        for (const doc of followed) await refreshQuietly(house, doc, task);
      } finally {
        done.resolve();
      }
    },
  );
  await done.promise;
}

/** One source that fails does not keep the others from being asked. */
async function refreshQuietly(house: Needs, doc: ImageDoc, task: Task): Promise<void> {
  try {
    if (await refreshImage(house, doc, task)) tell(house, doc, 'image-refreshed');
  } catch (error) {
    task.signal.throwIfAborted();
    house.events.logging('warning', `The image ${doc.fingerprint.slice(0, 12)} could not be refreshed: ${error}`);
  }
}

function tell(house: Needs, doc: ImageDoc, action: string): void {
  const { fingerprint, project } = doc;
  house.events.lifecycle(project, { action, source: imageUrl(fingerprint, project), name: fingerprint });
}
