/** The console of a guest on this terminal, until Ctrl-a q or the guest's end. */
import type { Context } from '../context.ts';
import { createEscapeFilter } from './escape-keys.ts';
import { connectStream, controlMessage } from './operation-sockets.ts';
import { pumpIn, pumpOut } from './pump.ts';
import { enterRawMode } from './raw-mode.ts';

export async function attachConsole(context: Context, instance: string, options: { force?: boolean }): Promise<number> {
  const { stdin, stdout } = context.streams;
  const size = () => [stdout.columns || 80, stdout.rows || 24] as const;
  const [width, height] = size();
  const operation = await context.client.start('POST /1.0/instances/{name}/console', {
    params: { name: instance },
    body: { width, height, type: 'console', ...(options.force ? { force: true } : {}) },
  });
  const finished = context.client.finish(operation);
  finished.catch(() => {});
  using control = await connectStream(context, operation, 'control');
  using screen = await connectStream(context, operation, '0');
  let left = false;
  const leave = () => {
    left = true;
    screen.close();
    control.close();
  };
  const resized = () => control.sendText(controlMessage.resize(...size()));
  stdout.on('resize', resized);
  try {
    using raw = enterRawMode(stdin);
    using pump = pumpIn(stdin, screen, stdin.isTTY ? createEscapeFilter(leave) : undefined);
    void [raw, pump];
    // Said when the keys are already ours, so that nothing typed in answer is lost.
    if (stdin.isTTY) context.say(`${context.texts('console-attached')}\r`);
    await Promise.race([pumpOut(screen, stdout), finished]).catch((error) => {
      // How the server sees the end that was asked for here does not matter.
      if (!left) throw error;
    });
  } finally {
    stdout.off('resize', resized);
  }
  if (stdin.isTTY) context.say(`\n${context.texts('console-left')}`);
  if (!left) await finished;
  return 0;
}
