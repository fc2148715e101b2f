/** Waits until a guest is what the user wants; looks again when an event of that guest comes, and now and then anyway. */

import type { Lifecycle } from '../../api/resources/events.ts';
import type { InstanceFull } from '../../api/resources/instances.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { monotonicMs } from '../monotonic.ts';
import { globalAddresses } from './instance-columns.ts';
import { fetchInstance } from './instances.ts';

export const goals = ['running', 'stopped', 'frozen', 'ip', 'ready'] as const;
export type Goal = (typeof goals)[number];

/** Addresses and readiness come without an event. */
const lookAgainMs: Record<Goal, number> = { running: 5000, stopped: 5000, frozen: 5000, ip: 200, ready: 300 };

/** The addresses (with `ip`), an empty list when there is nothing to tell, or undefined when the time is over. */
export async function waitForGuest(
  context: Context,
  name: string,
  goal: Goal,
  timeoutMs: number,
): Promise<string[] | undefined> {
  const until = monotonicMs() + timeoutMs;
  using _task = context.task(context.texts('waiting', { name }));
  using bell = listen(context, name);
  for (;;) {
    const found = await look(context, await fetchInstance(context, name), goal);
    if (found !== undefined) return found;
    const left = until - monotonicMs();
    if (left <= 0) return undefined;
    await bell.rings(Math.min(lookAgainMs[goal], left));
  }
}

async function look(context: Context, instance: InstanceFull, goal: Goal): Promise<string[] | undefined> {
  const status = instance.status.toLowerCase();
  const alive = status === 'running' || status === 'ready';
  if (goal === 'stopped' || goal === 'frozen') return status === goal ? [] : undefined;
  if (goal === 'running') return alive ? [] : undefined;
  if (status === 'stopped') throw new CliError(`${instance.name} is stopped`, { help: `gast start ${instance.name}` });
  if (!alive) return undefined;
  if (goal === 'ready') return (await isReady(context, instance.name)) ? [] : undefined;
  const addresses = [...globalAddresses(instance, 'inet'), ...globalAddresses(instance, 'inet6')];
  return addresses.length > 0 ? addresses.map(({ address }) => address) : undefined;
}

/** systemd and sysvinit know when they have booted; any other init is ready when it runs. */
const readyScript = `
if [ "$(cat /proc/1/comm 2>/dev/null)" = systemd ]; then
  case "$(systemctl is-system-running --wait 2>/dev/null)" in running|degraded) exit 0;; esac
  exit 1
fi
if command -v runlevel >/dev/null 2>&1; then case "$(runlevel 2>/dev/null)" in *unknown*) exit 1;; esac; fi
exit 0`;

async function isReady({ client }: Context, name: string): Promise<boolean> {
  const body = { command: ['/bin/sh', '-c', readyScript], 'wait-for-websocket': false, interactive: false };
  const operation = await client.operation('POST /1.0/instances/{name}/exec', { params: { name }, body });
  return operation.metadata?.return === 0;
}

/** Rings at each lifecycle event of the guest. Without events the regular look is enough. */
function listen({ client }: Context, name: string) {
  const ended = new AbortController();
  let ring = () => {};
  const follow = async () => {
    for await (const event of client.events({ types: ['lifecycle'], signal: ended.signal })) {
      if ((event.metadata as Lifecycle).source.includes(`/instances/${encodeURIComponent(name)}`)) ring();
    }
  };
  follow().catch(() => {});
  return {
    rings: (withinMs: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        ring = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    [Symbol.dispose]: () => ended.abort(),
  };
}
