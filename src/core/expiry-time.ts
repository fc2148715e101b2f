/** Times of expiry in requests. */
import { fail } from '../api/errors.ts';

/** Null, absent and the zero time mean never, which is stored as the empty text. */
export function expiryTime(text: string | null | undefined): string {
  if (!text || text.startsWith('0001-01-01')) return '';
  const date = /^\d{4}-\d\d-\d\dT/.test(text) ? new Date(text) : new Date(Number.NaN);
  return Number.isNaN(date.getTime())
    ? fail('request.invalid', { reason: `expires_at: "${text}" is not a time like 2027-01-31T12:00:00Z` })
    : date.toISOString();
}
