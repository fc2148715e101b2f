/**
 * Raw mode of the terminal, undone in every way out: return, error, exit, and the signals that end a process.
 * A terminal left raw is the worst that an exec can leave behind.
 */
const endingSignals = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGINT'] as const;

export function enterRawMode(stdin: NodeJS.ReadStream): Disposable {
  if (!stdin.isTTY) return { [Symbol.dispose]: () => {} };
  let raw = true;
  const restore = () => {
    if (raw) stdin.setRawMode(false);
    raw = false;
  };
  const end = (signal: NodeJS.Signals) => {
    restore();
    undo();
    process.kill(process.pid, signal);
  };
  const undo = () => {
    process.off('exit', restore);
    for (const signal of endingSignals) process.off(signal, end);
  };
  process.on('exit', restore);
  for (const signal of endingSignals) process.on(signal, end);
  stdin.setRawMode(true);
  return {
    [Symbol.dispose]: () => {
      restore();
      undo();
      stdin.pause();
    },
  };
}
