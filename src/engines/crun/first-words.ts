/**
 * What crun says itself when it cannot start a command comes out where the command would speak (crun 1.8 to 1.28 write
 * errors to standard error also when they have a log). It is told from the command's words by who could have said it.
 */
import { statSync } from 'node:fs';
import { Transform } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

export type Speaker = {
  /** The command runs, so that whatever is heard is its own. */
  runs(): boolean;
  /** Once all has ended: did the command ever run? */
  ran: Promise<boolean>;
};

const lookAgainMs = 10;

/** Lets everything through but what was said for a command that never ran. Only the first words ever wait. */
export function commandWords(speaker: Promise<Speaker>): Transform {
  let known: boolean | undefined;
  const words = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (known !== undefined) return done(null, known ? chunk : undefined);
      isOwn(speaker).then(
        (own) => {
          known = own;
          done(null, own ? chunk : undefined);
        },
        () => done(null, chunk),
      );
    },
  });
  // As with a socket, nobody has to read what is empty for its end to be known.
  words.once('finish', () => words.read(0));
  return words;
}

async function isOwn(of: Promise<Speaker>): Promise<boolean> {
  const speaker = await of;
  for (;;) {
    if (speaker.runs()) return true;
    const ran = await Promise.race([speaker.ran, setTimeout(lookAgainMs, undefined)]);
    if (ran !== undefined) return ran;
  }
}

/** A process that has become another program than crun, which starts as a copy of itself. */
export function hasBecomeCommand(pid: number | undefined, crunPid: number): boolean {
  if (pid === undefined) return false;
  try {
    const [now, crun] = [pid, crunPid].map((id) => statSync(`/proc/${id}/exe`));
    return now?.ino !== crun?.ino || now?.dev !== crun?.dev;
  } catch {
    // One of them has ended: its outcome will tell.
    return false;
  }
}
