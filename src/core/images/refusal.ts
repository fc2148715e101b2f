/** Refusals of the images port as errors of the catalogue. */
import { type ErrorCode, fail } from '../../api/errors.ts';
import { FormBroken } from '../../lib/multipart.ts';
import { ImageRefused } from '../ports/images.ts';

const codes: Partial<Record<ImageRefused['reason'], ErrorCode>> = {
  'not-found': 'image.missing',
  'no-space': 'image.no-space',
};

export function refuseImage(error: unknown): never {
  if (error instanceof FormBroken) return fail('image.invalid', { reason: error.message }, error);
  if (!(error instanceof ImageRefused)) throw error;
  return fail(codes[error.reason] ?? 'image.invalid', { reason: error.message }, error);
}
