/** Started in the laboratory beside a fresh tree: opens the way to the proxy, then runs the command in the tree. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { relay } from './proxy.ts';

const [port = '', socketPath = '', tree = '', ...command] = process.argv.slice(2);
await relay(Number(port), socketPath);
const child = spawn(join(import.meta.dirname, 'enter'), [tree, ...command], { stdio: 'inherit' });
child.once('exit', (code) => process.exit(code ?? 1));
