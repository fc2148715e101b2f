/** What became of a suite, judged from the lines that failed, and the page that tells it. */
export type Place = { file: string; line: number };
export type Ran = {
  suite: string;
  /** Where commands failed, each place once. */
  failed: readonly Place[];
  /** It came to its end within its time. */
  finished: boolean;
  /** The suite itself said that something is missing here. */
  unmet: string;
};
export type Expectation = {
  /** Lines that ask for what only Incus's own daemon has, with the reason. */
  inside: readonly { file: string; lines: readonly number[]; why: string }[];
  /** Why a suite fails. */
  known: Readonly<Record<string, string>>;
};
export type Outcome = {
  suite: string;
  result: 'passes' | 'passes in part' | 'fails' | 'runs too long' | 'not applicable';
  reason: string;
};

export function judge(ran: Ran, { inside, known }: Expectation): Outcome {
  const { suite } = ran;
  if (ran.unmet !== '') return { suite, result: 'not applicable', reason: ran.unmet };
  const reasons = new Map<string, Place[]>();
  const rest: Place[] = [];
  for (const place of ran.failed) {
    const why = inside.find(({ file, lines }) => file === place.file && lines.includes(place.line))?.why;
    if (why === undefined) rest.push(place);
    else reasons.set(why, [...(reasons.get(why) ?? []), place]);
  }
  const excused = [...reasons].map(([why, places]) => `${placesText(places)}: ${why}`);
  if (rest.length > 0 || !ran.finished) {
    const at = rest.length > 0 ? placesText(rest) : 'nowhere';
    const reason = [`${at}: ${known[suite] ?? 'not explained yet'}`, ...excused].join('; ');
    return { suite, result: ran.finished ? 'fails' : 'runs too long', reason };
  }
  return { suite, result: excused.length > 0 ? 'passes in part' : 'passes', reason: excused.join('; ') };
}

/** `lines 3, 7 of a.sh and line 2 of b.sh` */
export function placesText(places: readonly Place[]): string {
  const files = new Map<string, number[]>();
  for (const { file, line } of places) files.set(file, [...(files.get(file) ?? []), line]);
  return [...files]
    .map(([file, lines]) => {
      const shown = [...new Set(lines)].sort((a, b) => a - b);
      return `${shown.length === 1 ? 'line' : 'lines'} ${shown.join(', ')} of ${file}`;
    })
    .join(' and ');
}

/** The lines of `failed`, each place once, in order. */
export function readPlaces(text: string): Place[] {
  const places = text
    .split('\n')
    .map((line) => /^(\S+) (\d+)$/.exec(line))
    .flatMap((match) => (match ? [{ file: match[1] ?? '', line: Number(match[2]) }] : []));
  return [...new Map(places.map((place) => [`${place.file} ${place.line}`, place])).values()];
}

export function markdownTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(
    ({ suite, result, reason }) => `| ${suite.replace(/^test_/, '')} | ${result} | ${reason.replaceAll('|', '\\|')} |`,
  );
  return ['| suite | result | why |', '|---|---|---|', ...rows].join('\n');
}

export function countText(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const { result } of outcomes) counts.set(result, (counts.get(result) ?? 0) + 1);
  return ['passes', 'passes in part', 'fails', 'runs too long', 'not applicable']
    .filter((result) => counts.has(result))
    .map((result) => `${counts.get(result)} ${result}`)
    .join(', ');
}
