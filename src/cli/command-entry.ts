/** A row of the table of commands. */
import type { Command } from './command.ts';

export type CommandEntry = {
  name: string;
  aliases?: readonly string[];
  hidden?: true;
  load(): Promise<Command>;
};
