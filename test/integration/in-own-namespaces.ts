/** Runs a program where an ordinary user's daemon would: `tools/as-user in-own-namespaces.ts PROGRAM`. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearDaemon } from '../clear-daemon.ts';

const [program = ''] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'gast-'));
const launcher = join(import.meta.dirname, '../../bin/gasthofd');
const env = { ...process.env, GASTHOF_DIR: directory, GASTHOF_ENTRY: program };
const { status } = spawnSync(launcher, [], { stdio: 'inherit', env });
await clearDaemon(directory);
process.exitCode = status ?? 1;
