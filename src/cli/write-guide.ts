/** `node src/cli/write-guide.ts` writes docs/guide/cli.md again after a command was changed; a test says when that is due. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands, loadAll } from './commands.ts';
import { guide } from './guide.ts';

export const guidePath = join(import.meta.dirname, '../../docs/guide/cli.md');

if (import.meta.main) writeFileSync(guidePath, guide(await loadAll(commands)));
