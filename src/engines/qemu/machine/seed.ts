/** The disk from which cloud-init reads what the machine is to become; made by seed.ts beside the machine's record. */
import type { Part } from './spec.ts';

const node = 'seed-0';

export const seed: Part = ({ seed: path }, { file, place }) => {
  if (path === undefined) return [];
  const words = { driver: 'file', filename: file(path, false), 'read-only': true, locking: 'off' };
  const blockdev = JSON.stringify({ driver: 'raw', 'node-name': node, 'read-only': true, file: words });
  return ['-blockdev', blockdev, '-device', `virtio-blk-pci,id=seed,drive=${node},${place()},serial=cloud-init`];
};
