/**
 * How long a text may be that a regular expression from outside is run on: JavaScript's engine tries back, which takes
 * time that grows with the length to the power of the repetitions, and exponential time when repetitions are nested.
 */
const longestPattern = 200;

/** By the number of repetitions and branching groups in the pattern; about a million steps each. */
const longestTexts = [Number.POSITIVE_INFINITY, 100_000, 1000, 120, 64];

/** The longest text that is safe, 0 when the pattern must not be run at all. */
export function longestSafeText(pattern: string): number {
  if (pattern.length > longestPattern) return 0;
  // Escaped characters and character classes count as one plain character, whatever they hold.
  const plain = pattern.replace(/\\[bBdDsSwW.*+?^${}()|[\]\\/-]/g, 'x').replace(/\[[^\]]*\]/g, 'x');
  const references = plain.includes('\\');
  const repeatedGroup = /\)[*+{]/.test(plain);
  const lookAround = /\(\?(?!:)/.test(plain);
  if (references || repeatedGroup || lookAround) return 0;
  const repetitions = plain.match(/[*+?{]/g)?.length ?? 0;
  const groups = plain.includes('|') ? (plain.match(/\(/g)?.length ?? 0) : 0;
  // `(?:` and the lazy `*?` count as repetitions too: that errs on the safe side.
  return longestTexts[repetitions + groups] ?? 0;
}
