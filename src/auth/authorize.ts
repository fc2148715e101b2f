/** Decides what an identity may do. For now there are two kinds of callers: trusted ones may everything. */
import type { Identity } from '../api/handlers.ts';
import type { Access } from '../api/route.ts';

export function authorize(identity: Identity, access: Access): boolean {
  return access === 'public' || identity.trusted;
}
