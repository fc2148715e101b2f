/** Publishing: an image is made of an instance or of a snapshot of it. */
import { fail } from '../../api/errors.ts';
import type { ImagesPost } from '../../api/resources/images.ts';
import type { House } from '../house.ts';
import { findInstance, findSnapshot, instanceById } from '../instances/find.ts';
import { metadataOf } from '../instances/guest-metadata.ts';
import { standingStill } from '../instances/still.ts';
import type { ConfigMap, InstanceDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { ReceivedImage } from '../ports/images.ts';
import { type AddNeeds, enterImage, type ImageExtras, progressOf } from './add.ts';
import { publishMachine, type WriteDisk } from './publish-machine.ts';
import { refuseImage } from './refusal.ts';
import { imageSettings } from './settings.ts';

export type PublishNeeds = AddNeeds &
  Pick<House, 'pools' | 'engines' | 'facts' | 'mountDirectory' | 'devices' | 'runtime'>;

/** Makes an image of an instance or of a snapshot of it. The caller has checked the aliases. */
export async function publishImage(
  house: PublishNeeds,
  project: string,
  source: { instance: string; snapshot?: string },
  body: Pick<ImagesPost, 'compression_algorithm'>,
  extras: ImageExtras,
  task: Task,
): Promise<void> {
  const doc = findInstance(house, project, source.instance);
  const snapshot = source.snapshot === undefined ? undefined : findSnapshot(house, doc, source.snapshot);
  const properties = { ...imageProperties(doc), ...extras.properties };
  const { templates, files } = await metadataOf(house, snapshot ? { ...doc, ...snapshot.state } : doc);
  const metadata = {
    architecture: doc.architecture,
    creationDate: house.clock.now(),
    properties,
    templates,
    ...(extras.expiresAt ? { expiryDate: new Date(extras.expiresAt) } : {}),
  };
  const compression = body.compression_algorithm || imageSettings(house, project).compression;
  const id = doc.id;
  const options = { compression, templates: files, ...progressOf(task, 'create_image_from_container_pack_progress') };
  const enter = (received: ReceivedImage) => enterImage(house, project, received, { ...extras, properties }, task);
  if (doc.type === 'virtual-machine') {
    const state = { id, snapshot: snapshot?.id };
    const pack = (write: WriteDisk) => house.images.publishDisk(write, metadata, options).catch(refuseImage);
    return publishMachine(house, state, { pack, enter }, task);
  }
  const context: PublishContext = { received: undefined };
  const steps: Step<PublishContext>[] = [
    {
      name: 'pack the root file system',
      do: async (made) => {
        made.received = await house
          .queue(id, () =>
            withUnshifted(house, instanceById(house, id), snapshot?.id, task.id, (directory) =>
              house.images.publish(directory, metadata, options),
            ),
          )
          .catch(refuseImage);
      },
    },
    { name: 'enter the image', do: ({ received }) => received && enter(received) },
  ];
  await performSteps(house, task, steps, context);
}

type PublishContext = { received: ReceivedImage | undefined };

function imageProperties(doc: InstanceDoc): ConfigMap {
  const own = Object.entries(doc.config).filter(([key]) => key.startsWith('image.'));
  return Object.fromEntries(own.map(([key, value]) => [key.slice('image.'.length), value]));
}

/** The root file system with the ids that it has on disk. A running guest stands still meanwhile. */
async function withUnshifted<T>(
  house: PublishNeeds,
  doc: InstanceDoc,
  snapshot: string | undefined,
  id: string,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const pool = house.pools.get(doc.pool) ?? fail('pool.closed', { name: doc.pool, reason: 'see gast doctor' });
  const target = `${house.mountDirectory}/publish-${id}`;
  const mount = async () => {
    await pool.volumes.mount(
      doc.id,
      target,
      snapshot === undefined ? { readOnly: true } : { snapshot, readOnly: true },
    );
    try {
      return await work(target);
    } finally {
      await pool.volumes.unmount(target);
    }
  };
  return snapshot === undefined ? standingStill(house, doc, mount) : mount();
}
