import { ClientError } from '../../../client/client-error.ts';
import { usageError } from '../../cli-error.ts';
import { defineCommand, optional } from '../../command.ts';
import { dialGuest, isNobodyThere, listenHere, untilInterrupted } from '../../terminal/guest-port.ts';
import { answers, readSocksGreeting, socksAnswer } from '../../terminal/socks-greeting.ts';

export const socks = defineCommand({
  name: 'socks',
  group: 'inside',
  summary: 'Reach all guests by their names through a SOCKS5 proxy, until Ctrl-C',
  details:
    'For browsers and curl: the proxy resolves the names of guests, with or without a domain behind, and nothing else. It listens on 127.0.0.1, port 1080 without another.',
  args: { port: optional('[remote:]port') },
  options: {},
  examples: [
    ['gast socks', 'then: curl --proxy socks5h://127.0.0.1:1080 http://web/'],
    ['gast socks 0', 'on any free port, which is printed'],
  ],
  async run(context, { args }) {
    const port = Number(args.port ?? 1080);
    if (!/^\d{0,5}$/.test(args.port ?? '') || port > 65_535)
      throw usageError(`"${args.port}" is no port`, 'gast socks 1080');
    await using listening = await listenHere(context, { host: '127.0.0.1', port }, async (client) => {
      const wanted = await readSocksGreeting(client);
      if (!wanted) return undefined;
      const [guest = ''] = wanted.name.split('.');
      try {
        const inside = await dialGuest(context, { guest, port: wanted.port });
        client.write(socksAnswer(answers.granted));
        return inside;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        client.end(socksAnswer(isNobodyThere(error) ? answers.refused : answers.unreachable));
        context.say(`${wanted.name}:${wanted.port}: ${error.message}`);
        return undefined;
      }
    });
    context.print(`socks5h://${listening.address}\n`);
    context.say(context.texts('until-interrupted'));
    await untilInterrupted();
  },
});
