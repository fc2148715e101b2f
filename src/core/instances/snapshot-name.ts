/** The name of a snapshot that nobody named: `snapshots.pattern`, a template with at most one counter (`%d`). */
import { fail } from '../../api/errors.ts';
import { nextNumbered } from '../../lib/names.ts';
import { renderTemplate } from '../../lib/template.ts';
import { TemplateBroken } from '../../lib/template-expression.ts';

export const defaultPattern = 'snap%d';

export function chosenName(pattern: string, existing: readonly string[], now: Date): string {
  const text = rendered(pattern, now);
  const [before = '', after, ...more] = text.split('%d');
  if (more.length > 0) return fail('snapshot.name', { reason: 'snapshots.pattern may have %d only once' });
  if (after === undefined) return existing.includes(text) ? nextNumbered(`${text}-`, existing) : text;
  const alike = existing
    .filter((name) => name.endsWith(after))
    .map((name) => name.slice(0, name.length - after.length));
  return nextNumbered(before, alike) + after;
}

/** `{{ creation_date }}` is the time; `|date:"2006-01-02"` writes it as Go does. */
function rendered(pattern: string, now: Date): string {
  if (!/[{%]/.test(pattern.replaceAll('%d', ''))) return pattern;
  try {
    return renderTemplate(pattern, { creation_date: now.toISOString().slice(0, 19) }).trim();
  } catch (error) {
    if (error instanceof TemplateBroken)
      return fail('snapshot.name', { reason: `snapshots.pattern: ${error.message}` }, error);
    throw error;
  }
}
