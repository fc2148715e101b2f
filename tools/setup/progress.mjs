/**
 * What a person sees while the set-up works: one line per step that has something to do, with a clock and the last line of
 * the program that runs. On a terminal the line is redrawn; elsewhere it is printed at the start, every ten seconds and at the end.
 */
const onTerminal = Boolean(process.stderr.isTTY);
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const plainIntervalMs = 10_000;

/** Runs `work(report)` as a step; `report(text)` tells what is being done. Returns what `work` returns. */
export async function step(title, work) {
  const startedAt = Date.now();
  let detail = '';
  let frame = 0;
  const clock = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  const redraw = () => {
    const width = process.stderr.columns || 80;
    frame = (frame + 1) % frames.length;
    process.stderr.write(`\r\x1b[2K${`${frames[frame]} ${title}  ${clock()}  ${detail}`.slice(0, width - 1)}`);
  };
  const say = () => process.stderr.write(`  ${title}: ${clock()} ${detail}\n`);
  if (!onTerminal) process.stderr.write(`  ${title} ...\n`);
  const timer = onTerminal ? setInterval(redraw, 100) : setInterval(say, plainIntervalMs);
  const finish = (mark) => {
    clearInterval(timer);
    process.stderr.write(`${onTerminal ? '\r\x1b[2K' : ''}${mark} ${title}  ${clock()}\n`);
  };
  try {
    const result = await work((text) => {
      detail = text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ').trim();
    });
    finish('✓');
    return result;
  } catch (error) {
    finish('✗');
    throw error;
  }
}

/** A failure that the person can mend: what happened, the way out, and the log with the details. */
export class SetupError extends Error {
  constructor(message, { help, log } = {}) {
    super(message);
    this.help = help;
    this.log = log;
  }
}

/** Runs the main function of a tool and turns a failure into a readable ending. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    const expected = error instanceof SetupError;
    process.stderr.write(`\n${expected ? error.message : error.stack}\n`);
    if (error.log) process.stderr.write(`  log:      ${error.log}\n`);
    if (error.help) process.stderr.write(`  what now: ${error.help}\n`);
    process.exitCode = 1;
  }
}
