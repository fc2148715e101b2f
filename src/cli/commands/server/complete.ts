import { any, defineCommand } from '../../command.ts';
import { complete } from '../../completion/complete.ts';

/** What the completion scripts call. It never fails and never prints anything but candidates. */
export const completeWords = defineCommand({
  name: '__complete',
  group: 'server',
  wakesNobody: true,
  summary: 'Print candidates for the last word',
  args: { words: any('word') },
  options: {},
  examples: [],
  hidden: true,
  async run(context, { args }) {
    const candidates = await complete(context, context.commands, args.words);
    context.print(candidates.map((one) => `${one}\n`).join(''));
  },
});
