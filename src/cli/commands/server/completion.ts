import { usageError } from '../../cli-error.ts';
import { defineCommand, required } from '../../command.ts';
import { completionScripts } from '../../completion/scripts.ts';

export const completion = defineCommand({
  name: 'completion',
  group: 'server',
  summary: 'Print the completion script of a shell',
  args: { shell: required('shell', ['bash', 'zsh', 'fish']) },
  options: {},
  examples: [
    ['gast completion bash > /etc/bash_completion.d/gast', 'for all users of bash'],
    ['source <(gast completion bash)', 'for this shell'],
    ['gast completion fish > ~/.config/fish/completions/gast.fish', 'for fish'],
  ],
  async run(context, { args }) {
    const script = completionScripts[args.shell];
    if (script === undefined) throw usageError(`There is no completion for "${args.shell}"`, 'bash, zsh or fish');
    context.print(script);
  },
});
