/** The bytes of an image as they travel: one file as it is, two as a form. */
import { joinMultipart } from '../../lib/multipart.ts';
import type { House } from '../house.ts';
import type { ImageDoc } from '../model.ts';
import { refuseImage } from './refusal.ts';

export type ImageBody = {
  body: NodeJS.ReadableStream;
  contentType: string;
  sizeBytes: number;
  /** The name of the only file. */
  filename: string | undefined;
};

export async function imageBody(house: Pick<House, 'images'>, doc: ImageDoc): Promise<ImageBody> {
  const files = await house.images.files(doc.fingerprint).catch(refuseImage);
  const [only, ...more] = files;
  if (only && more.length === 0)
    return {
      body: only.open(),
      contentType: 'application/octet-stream',
      sizeBytes: only.sizeBytes,
      filename: only.name,
    };
  const root = doc.type === 'virtual-machine' ? 'rootfs.img' : 'rootfs';
  const joined = joinMultipart(
    files.map((file, index) => ({
      field: index === 0 ? 'metadata' : root,
      filename: file.name,
      content: () => file.open(),
    })),
  );
  return { ...joined, sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0), filename: undefined };
}
