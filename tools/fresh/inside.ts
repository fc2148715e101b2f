/** Started in the laboratory beside a fresh tree: opens the way to the proxy, then runs the command in the tree. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { relay } from './proxy.ts';

const [port = '', socketPath = '', tree = '', ...command] = process.argv.slice(2);
await relay(Number(port), socketPath);
// In a mount namespace of its own: pivot_root would take the relay along, away from its socket.
const enter = ['--mount', '--propagation', 'private', '--', join(import.meta.dirname, 'enter'), tree, ...command];
const child = spawn('unshare', enter, { stdio: 'inherit' });
child.once('exit', (code) => process.exit(code ?? 1));
