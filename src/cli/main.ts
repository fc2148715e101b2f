/** The entry of `gast`. It is bundled into one CommonJS file: no top-level await here. */
import { runCommandLine } from './run.ts';

// `gast list | head` closes the pipe early: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exitCode = 0;
});

// process.stdin costs 4 ms to make, and few commands read it: it is only looked up by those.
const streams = {
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  uid: process.getuid?.() ?? 0,
};
runCommandLine(process.argv.slice(2), streams).then((exitCode) => {
  process.exitCode = exitCode;
});
