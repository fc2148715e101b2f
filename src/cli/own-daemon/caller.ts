/** Who calls, and whether anybody would answer. */
import { connect } from 'node:net';
import type { Texts } from '../texts/texts.ts';

export type Caller = {
  env: Readonly<Record<string, string | undefined>>;
  uid: number;
  texts: Texts;
  say(text: string): void;
};

/** Any other trouble than nobody is told by the call itself. */
export function nobodyListens(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ENOENT' || code === 'ECONNREFUSED'));
  });
}
