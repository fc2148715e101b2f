/** Two-word names for guests that were given none. */

const manners =
  'amber brave brisk calm cheerful cosy curious early gentle golden happy hearty honest humble jolly kind late lively lucky mellow ' +
  'merry mild noble plucky quiet rested ruddy rustic silver sleepy snug sunny sturdy tidy warm weary welcome wily wise witty';

const guests =
  'baker barmaid barrel beaver bellringer brewer candle carter cellar cobbler dumpling fiddler fir fox gable goose hammer hedgehog hops ' +
  'hunter kettle lantern lark maltster marten miller minstrel mug oak pedlar pilgrim porter potter pretzel raven rover saddler ' +
  'shepherd stag stove sparrow tanner tinker tankard trout vintner wanderer weaver';

/** `randomHex` is that of the clock port. Tries until `isTaken` says no; a number joins when the words run short. */
export function randomName(
  randomHex: (bytes: number) => string,
  isTaken: (name: string) => boolean = () => false,
): string {
  for (let attempt = 0; ; attempt++) {
    const words = `${pick(manners, randomHex)}-${pick(guests, randomHex)}`;
    const name = attempt < 20 ? words : `${words}-${Number.parseInt(randomHex(2), 16)}`;
    if (!isTaken(name)) return name;
  }
}

function pick(list: string, randomHex: (bytes: number) => string): string {
  const words = list.split(' ');
  return words[Number.parseInt(randomHex(4), 16) % words.length] ?? '';
}
