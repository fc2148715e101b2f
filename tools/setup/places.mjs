/** Where things are: the checkout, its caches, and the instance directory that GASTHOF_DIR chooses. */
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const cacheDir = join(root, '.cache');
export const logsDir = join(cacheDir, 'logs');
/** Node 26, brought by the npm package `node`; the machine's own may be older. */
export const node = join(root, 'node_modules', 'node', 'bin', 'node');
export const isRoot = process.getuid() === 0;
/** Of an ordinary user: where `gast` and bin/gasthofd look, too. */
const ownDir = () => join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'gasthof');
export const gasthofDir = process.env.GASTHOF_DIR || (isRoot ? '/var/lib/gasthof' : ownDir());
export const socketPath = join(gasthofDir, 'unix.socket');
export const daemonLog = join(gasthofDir, 'logs', 'gasthofd.log');
/** Written by bin/gasthofd: "pid starttime". */
export const daemonPidFile = join(gasthofDir, 'run', 'gasthofd.pid');
