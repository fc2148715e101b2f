/** Colours and characters, as far as the stream can show them. */
import { styleText } from 'node:util';

export type Colour = 'green' | 'red' | 'yellow' | 'blue' | 'gray' | 'bold' | 'cyan';
export type Environment = Readonly<Record<string, string | undefined>>;

/** https://no-color.org; FORCE_COLOR wins over a pipe. */
export function usesColour(isTerminal: boolean, env: Environment): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return isTerminal && env.TERM !== 'dumb';
}

export const paint = (colour: Colour | undefined, text: string, on: boolean) =>
  on && colour && text !== '' ? styleText(colour, text, { validateStream: false }) : text;

export function usesUnicode(env: Environment): boolean {
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}

const stateColours: Record<string, Colour> = {
  RUNNING: 'green',
  READY: 'green',
  STOPPED: 'gray',
  FROZEN: 'yellow',
  STARTING: 'blue',
  STOPPING: 'blue',
  ERROR: 'red',
  SUCCESS: 'green',
  FAILURE: 'red',
};
export const stateColour = (state: string) => stateColours[state.toUpperCase()];
