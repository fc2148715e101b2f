import { readFileSync } from 'node:fs';
import { CliError } from '../../cli-error.ts';
import { defineCommand, flag, required, text } from '../../command.ts';
import { readAll } from '../../terminal/read-all.ts';

export const trustAddCertificate = defineCommand({
  name: 'config trust add-certificate',
  group: 'server',
  summary: 'Trust the certificate of a client',
  args: { file: required('file', 'file') },
  options: {
    name: text('--name <name>', 'its name in the list; else that in the certificate'),
    type: text('--type <type>', 'client, or metrics for who reads these only', ['client', 'metrics', 'server']),
    description: text('--description <text>', 'what it is'),
    restricted: flag('--restricted', 'may use the projects named only'),
    projects: text('--projects <names>', 'projects, with commas between', 'project'),
  },
  examples: [
    ['gast config trust add-certificate anna.crt --name anna', ''],
    ['gast config trust add-certificate - < anna.crt', 'from stdin'],
  ],
  async run(context, { args, options }) {
    const certificate = args.file === '-' ? await readAll(context.streams.stdin) : readText(args.file);
    await context.client.raw('POST /1.0/certificates', {
      body: {
        name: options.name ?? '',
        type: options.type ?? 'client',
        description: options.description ?? '',
        restricted: options.restricted,
        projects: options.projects?.split(',').filter((name) => name !== '') ?? [],
        certificate,
      },
    });
  },
});

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(`Cannot read ${file}: ${(error as Error).message}`);
  }
}
