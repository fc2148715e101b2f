import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, required, some, text } from '../../command.ts';
import { parsePortWords } from '../../objects/port-words.ts';
import { dialGuest, listenHere, mustRun, streamGuest, untilInterrupted, wayText } from '../../terminal/guest-port.ts';

export const forward = defineCommand({
  name: 'forward',
  group: 'inside',
  summary: 'Reach TCP ports of a guest from this computer, until Ctrl-C',
  details:
    'PORT is [[ADDRESS:]HERE:]GUEST: where to listen here, 127.0.0.1 without an address, and the port of the guest. HERE is 0 for any free port.',
  args: { instance: required('instance', 'instance'), ports: some('port') },
  options: {
    address: text('--address <ip>', 'address inside, as the guest sees it (its own ones without it)'),
    stdio: flag('--stdio', 'connect stdin and stdout, as ProxyCommand of ssh'),
  },
  examples: [
    ['gast forward web 8080:80', 'http://127.0.0.1:8080 is the web server of the guest'],
    ['gast forward web 8080:80 5432', 'several at once'],
    ['gast forward web 0.0.0.0:8080:80', 'for other computers, too'],
    ['gast forward web --stdio 22', 'the connection on stdin and stdout'],
  ],
  async run(context, { args: { instance: guest, ports }, options: { address, stdio } }) {
    const words = ports.map(parsePortWords);
    const [only, ...others] = words;
    if (stdio) {
      if (!only || others.length > 0) throw usageError('stdin and stdout carry one connection: give one port');
      return streamGuest(context, { guest, port: only.port, address });
    }
    await mustRun(context, guest);
    await using parts = new AsyncDisposableStack();
    for (const word of words) {
      const listening = parts.use(
        await listenHere(context, word.here, () => dialGuest(context, { guest, port: word.port, address })),
      );
      context.print(wayText(listening.address, guest, word));
    }
    context.say(context.texts('until-interrupted'));
    await untilInterrupted();
  },
});
