/** An image of another server that has been found, not yet fetched. */
import type { House } from '../../house.ts';
import type { ConfigMap } from '../../model.ts';
import type { ImageFiles, ReceivedImage } from '../../ports/images.ts';
import type { Remotes } from '../../ports/remotes.ts';

export type RemoteImage = {
  fingerprint: string;
  properties: ConfigMap;
  filename: string;
  type: 'container' | 'virtual-machine';
  sizeBytes: number;
  createdAt: Date;
  expiresAt: Date | undefined;
  /** All or nothing; what comes has to have the fingerprint. */
  fetch(images: Pick<ImageFiles, 'receive'>, options: FetchOptions): Promise<ReceivedImage>;
};

export type FetchOptions = { progress: ByteProgress; signal: AbortSignal };
/** Told of every piece that came. */
export type ByteProgress = (bytes: number) => void;

export type FindNeeds = {
  remotes: Remotes;
  facts: Pick<House['facts'], 'architecture' | 'version'>;
  /** Those that fit, the best first. */
  architectures: readonly string[];
};

/** Passes a body on while its bytes are counted. */
export async function* counted(body: NodeJS.ReadableStream, progress: ByteProgress): AsyncGenerator<Buffer> {
  for await (const piece of body) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    progress(chunk.length);
    yield chunk;
  }
}
