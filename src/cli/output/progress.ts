/**
 * Shows that something is going on, on stderr: a spinner with a bar or step on a terminal, plain lines otherwise; nothing
 * for work that is over at once.
 */

import { monotonicMs } from '../monotonic.ts';
import { cutText, printable } from './text-width.ts';
import { formatDuration } from './units.ts';

export type ProgressState = {
  text: string;
  /** 0 to 1; draws a bar. */
  fraction?: number | undefined;
};
export interface Task extends Disposable {
  update(state: ProgressState): void;
  /** Clears the line for a message, until the next frame. */
  hide(): void;
}
export type ProgressTarget = {
  write(text: string): void;
  isTerminal: boolean;
  columns(): number;
  unicode: boolean;
};

const showAfterMs = 400;
const frameMs = 100;
/** Without a terminal the same stage is not repeated; a new one is a line. */
const clearLine = '\r\x1b[K';

export function startTask(target: ProgressTarget, label: string): Task {
  const started = monotonicMs();
  let state: ProgressState = { text: '' };
  let frame = 0;
  let drawn = false;
  let lastLine = '';
  const draw = () => {
    const elapsed = monotonicMs() - started;
    if (target.isTerminal) {
      target.write(
        clearLine + cutText(frameText(label, state, frame++, elapsed, target.unicode), target.columns() - 1),
      );
      drawn = true;
      return;
    }
    const line = plainLine(label, state);
    if (line === lastLine) return;
    lastLine = line;
    target.write(`${line}\n`);
  };
  let timer = setTimeout(() => {
    draw();
    timer = setInterval(draw, target.isTerminal ? frameMs : 1000);
  }, showAfterMs);
  const hide = () => {
    if (drawn) target.write(clearLine);
    drawn = false;
  };
  return {
    update: (next) => {
      state = next;
    },
    hide,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      clearInterval(timer);
      hide();
    },
  };
}

/** Numbers that change with every byte make no lines of their own. */
function plainLine(label: string, { text }: ProgressState): string {
  const stage = printable(text.replace(/[:,]?\s*\d+(\.\d+)?\s*(%|[KMG]i?B).*$/, ''));
  return stage === '' ? label : `${label}: ${stage}`;
}

export function frameText(
  label: string,
  state: ProgressState,
  frame: number,
  elapsedMs: number,
  unicode: boolean,
): string {
  const frames = unicode ? '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏' : '|/-\\';
  const spinner = [...frames][frame % [...frames].length];
  const bar = state.fraction === undefined ? '' : ` ${barText(state.fraction, 20, unicode)}`;
  const text = state.text === '' ? '' : ` ${printable(state.text)}`;
  const time = elapsedMs > 3000 ? ` (${formatDuration(Math.floor(elapsedMs / 1000) * 1000)})` : '';
  return `${spinner} ${label}${bar}${text}${time}`;
}

export function barText(fraction: number, width: number, unicode: boolean): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  const [on, off] = unicode ? ['█', '░'] : ['#', '.'];
  return `[${(on ?? '').repeat(full)}${(off ?? '').repeat(width - full)}]`;
}
