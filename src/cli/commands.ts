/** The table of all commands, in the order in which help shows them. */
import type { Command } from './command.ts';
import { exec } from './commands/instance/exec.ts';
import { info } from './commands/instance/info.ts';
import { launch } from './commands/instance/launch.ts';
import { list } from './commands/instance/list.ts';

export const commands: readonly Command[] = [launch, list, info, exec];
