/** Volumes that come as a body: ISO images, and archives of `storage volume export`. */
import { fail } from '../../api/errors.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { House } from '../house.ts';
import { draftVolume, enterVolume } from './create.ts';
import { openPool, volumeUrl } from './find.ts';
import { importVolume } from './import.ts';

export type Upload = {
  stream: NodeJS.ReadableStream;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  signal: AbortSignal;
};

function header({ headers }: Upload, name: string): string {
  const value = headers[`x-incus-${name}`] ?? headers[`x-lxd-${name}`] ?? '';
  return Array.isArray(value) ? (value[0] ?? '') : value;
}

/** Takes the bytes while the request is open; the operation enters what is here already. */
export async function receiveVolume(
  house: House,
  place: { pool: string; project: string },
  project: string,
  upload: Upload,
): Promise<Operation> {
  const kind = header(upload, 'type') || 'backup';
  const name = header(upload, 'name');
  if (kind === 'iso') return receiveIso(house, place, project, name, upload);
  if (kind === 'backup') return importVolume(house, place, project, name, upload.stream, upload.signal);
  return fail('volume.source', { reason: `"${kind}" is not a kind of upload` });
}

async function receiveIso(
  house: House,
  place: { pool: string; project: string },
  project: string,
  name: string,
  { stream, signal }: Upload,
): Promise<Operation> {
  const draft = draftVolume(house, place, { name }, 'iso');
  const pool = openPool(house, place.pool);
  const sizeBytes = await pool.custom.receive(draft.id, stream, { signal });
  if (sizeBytes === 0) {
    await pool.custom.remove(draft.id);
    return fail('volume.source', { reason: 'the ISO image is empty' });
  }
  const doc = { ...draft, config: { ...draft.config, size: String(sizeBytes) } };
  return house.operations.start(
    { description: 'Creating volume from ISO', project, resources: { storage_volumes: [volumeUrl(doc)] } },
    () => enterVolume(house, doc, async () => []),
  );
}
