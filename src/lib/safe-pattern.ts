/**
 * Whether a regular expression from outside may be run: JavaScript's engine tries back and can take exponential time.
 * Safe here means: short, no repetition of anything that itself repeats or branches, few repetitions in a row, no references.
 */
const longestPattern = 200;
const mostRepetitions = 4;

export function isSafePattern(pattern: string): boolean {
  if (pattern.length > longestPattern) return false;
  // Character classes and escapes count as one plain character, whatever they hold.
  const plain = pattern.replace(/\\[bBdDsSwW.*+?^${}()|[\]\\/-]/g, 'x').replace(/\[(?:[^\]\\])*\]/g, 'x');
  if (plain.includes('\\')) return false;
  const repetitions = plain.match(/[*+]|\{\d+(?:,\d*)?\}|\?(?![:=!<])/g) ?? [];
  if (repetitions.length > mostRepetitions) return false;
  // A repeated group is the way to exponential time; look-around has no use in a filter.
  return !/\)[*+{]/.test(plain) && !/\(\?[=!<]/.test(plain) && !/\{\d{3,}|\{\d+,\d{3,}/.test(plain);
}
