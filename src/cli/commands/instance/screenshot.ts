import { defineCommand, optional, required } from '../../command.ts';
import { saveDownload } from '../../objects/download.ts';

export const screenshot = defineCommand({
  name: 'screenshot',
  group: 'inside',
  summary: 'Save what the screen of a virtual machine shows as a PNG',
  details: 'Without a file it is NAME.png here; - is stdout.',
  args: { instance: required('instance', 'instance'), file: optional('file', 'file') },
  options: {},
  examples: [
    ['gast screenshot desktop', 'desktop.png'],
    ['gast screenshot desktop - | display', 'to another program'],
  ],
  async run(context, { args: { instance, file } }) {
    const name = instance.slice(instance.indexOf(':') + 1);
    const target = file ?? `${name}.png`;
    const answer = await context.client.raw('GET /1.0/instances/{name}/console', {
      params: { name: instance },
      query: { type: 'vga' },
    });
    await saveDownload(context, answer, target, context.texts('picturing', { name }));
    if (file === undefined) context.print(`${target}\n`);
  },
});
