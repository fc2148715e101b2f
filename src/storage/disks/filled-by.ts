/** Layers whose content somebody else brings: it is looked at before it gets a name. */
import { inspectFile } from '../../disks/import-disk.ts';
import { maxQcow2Bytes } from '../../disks/qcow2-empty.ts';
import { checkSize } from './layers.ts';

export const filledBy =
  (fill: (path: string) => Promise<void>) =>
  async (path: string): Promise<void> => {
    await fill(path);
    const { virtualSizeBytes } = await inspectFile(path, { format: 'qcow2', maxSizeBytes: maxQcow2Bytes });
    checkSize(virtualSizeBytes);
  };
