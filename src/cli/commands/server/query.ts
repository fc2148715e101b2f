import { pipeline } from 'node:stream/promises';
import type { Operation } from '../../../api/resources/operations.ts';
import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, required, text } from '../../command.ts';
import { readAll } from '../../terminal/read-all.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

export const query = defineCommand({
  name: 'query',
  group: 'server',
  summary: 'Send a request to the API as it is, and print what comes back',
  details: 'Prints the value of the answer as JSON; what is no JSON, like a file, as it is.',
  args: { path: required('path') },
  options: {
    request: text('-X, --request <method>', 'GET without it', methods),
    data: text('-d, --data <json>', 'the body; - reads it from stdin'),
    raw: flag('--raw', 'the whole answer with its envelope'),
    wait: flag('--wait', 'wait for the operation that the request starts'),
  },
  examples: [
    ['gast query /1.0/instances?recursion=1', ''],
    ['echo "{}" | gast query -X POST -d - --wait /1.0/instances/web/snapshots', ''],
  ],
  async run(context, { args, options }) {
    const method = (options.request ?? 'GET').toUpperCase();
    if (!methods.includes(method)) throw usageError(`Unknown method "${options.request}"`, methods.join(', '));
    if (!args.path.startsWith('/')) throw usageError(`"${args.path}" is no path`, 'like /1.0/instances');
    const answer = await context.client.request(method, args.path, await bodyOf(options.data, context.streams.stdin));
    if (!String(answer.headers['content-type']).startsWith('application/json'))
      return pipeline(answer, context.streams.stdout, { end: false });
    const envelope = JSON.parse(await readAll(answer)) as { type: string; metadata: unknown };
    if (options.wait && envelope.type === 'async') {
      const ended = await context.follow(args.path, envelope.metadata as Operation);
      return context.print(json(options.raw ? { ...envelope, metadata: ended } : ended, context.isTerminal));
    }
    context.print(json(options.raw ? envelope : envelope.metadata, context.isTerminal));
  },
});

const json = (value: unknown, pretty: boolean) => `${JSON.stringify(value, undefined, pretty ? 2 : 0)}\n`;

async function bodyOf(data: string | undefined, stdin: NodeJS.ReadStream): Promise<unknown> {
  if (data === undefined) return undefined;
  const given = data === '-' ? await readAll(stdin) : data;
  try {
    return JSON.parse(given);
  } catch (error) {
    throw usageError(`The data is no JSON: ${(error as Error).message}`);
  }
}
