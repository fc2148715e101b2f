/** Images that are disks and nothing else: recognised, judged, and described, as nobody has done it. */
import { open } from 'node:fs/promises';
import { type ImageMetadata, ImageRefused } from '../core/ports/images.ts';
import { archiveKind } from '../lib/archive-magic.ts';
import { HostError } from '../lib/host-error.ts';
import type { PartForm } from './image-store.ts';

export type DiskReader = {
  /** Undefined when the file is no disk image. Throws `HostError` with the reason when it is one that is refused. */
  inspect(path: string): Promise<{ format: string; startsByUefi: boolean } | undefined>;
};

export type BareDisk = { form: PartForm; format: string; startsByUefi: boolean };

/** Undefined when it is an archive, or nothing known: then that is told. */
export async function bareDisk(path: string, disks: DiskReader): Promise<BareDisk | undefined> {
  const kind = archiveKind(await head(path));
  if (kind !== undefined && kind !== 'qcow2') return undefined;
  try {
    const found = await disks.inspect(path);
    return found && { ...found, form: found.format === 'qcow2' ? 'qcow2' : 'disk' };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new ImageRefused('broken', error.message, error.help);
  }
}

async function head(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
  return buffer.subarray(0, bytesRead);
}

/** Whether it is signed nobody knows; a machine of it is started by the firmware that can. */
export function metadataOfDisk({ format, startsByUefi }: BareDisk, architecture: string | undefined): ImageMetadata {
  return {
    architecture: architecture ?? 'x86_64',
    creationDate: new Date(),
    properties: {
      description: `a disk (${format})`,
      ...(startsByUefi ? {} : { 'requirements.csm': 'true' }),
    },
    templates: {},
  };
}
