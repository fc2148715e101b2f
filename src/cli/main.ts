/** The entry of `gast`. It is bundled into one CommonJS file: no top-level await here. */
import { runCommandLine } from './run.ts';

// `gast list | head` closes the pipe early: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exitCode = 0;
});

const { stdin, stdout, stderr, env } = process;
runCommandLine(process.argv.slice(2), { stdin, stdout, stderr, env, uid: process.getuid?.() ?? 0 }).then((exitCode) => {
  process.exitCode = exitCode;
});
