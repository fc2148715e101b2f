/** What `init`, `launch` and `copy` do after the request: wait, learn the name that the server chose, wait for addresses. */

import type { InstancesPost } from '../../api/resources/instances.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { Context } from '../context.ts';
import { monotonicMs } from '../monotonic.ts';
import type { TextKey } from '../texts/en.ts';
import { globalAddresses } from './instance-columns.ts';
import { fetchInstance } from './instances.ts';

export async function createInstance(
  context: Context,
  label: TextKey,
  body: InstancesPost,
  project?: string,
): Promise<string> {
  const name = body.name ?? context.texts('a-guest');
  const started = await context.client.start('POST /1.0/instances', {
    body,
    ...(project === undefined ? {} : { query: { project } }),
  });
  const ended = await context.follow(context.texts(label, { name }), started);
  return instanceOf(ended) ?? name;
}

function instanceOf(operation: Operation): string | undefined {
  const [url] = operation.resources.instances ?? operation.resources.containers ?? [];
  const path = url?.split('?')[0]?.split('/').at(-1);
  return path === undefined ? undefined : decodeURIComponent(path);
}

/** Addresses as soon as there are some; an empty list when the guest has no NIC, has ended, or the time is over. */
export async function waitForAddresses(context: Context, name: string, timeoutMs: number): Promise<string[]> {
  const until = monotonicMs() + timeoutMs;
  using _task = context.task(context.texts('waiting-address', { name }));
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 500)) {
    const instance = await fetchInstance(context, name);
    const found = [...globalAddresses(instance, 'inet'), ...globalAddresses(instance, 'inet6')];
    if (found.length > 0) return found.map(({ address }) => address);
    const hasNic = Object.values(instance.expanded_devices).some((device) => device.type === 'nic');
    if (!hasNic || instance.status === 'Stopped' || monotonicMs() > until) return [];
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
