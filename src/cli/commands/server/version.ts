import { ClientError, unreachable } from '../../../client/client-error.ts';
import { defineCommand } from '../../command.ts';
import { version as clientVersion } from '../../version.ts';

export const version = defineCommand({
  name: 'version',
  group: 'server',
  wakesNobody: true,
  summary: 'Show the versions of this program and of the server',
  args: {},
  options: {},
  examples: [
    ['gast version', ''],
    ['gast --version', 'only of this program'],
  ],
  async run(context) {
    context.print(`Client version: ${clientVersion}\n`);
    try {
      const { environment } = await context.client.call('GET /1.0');
      context.print(
        `Server version: ${environment?.server_version ?? 'unknown'} (${environment?.server ?? 'unknown'})\n`,
      );
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== unreachable) throw error;
      context.print('Server version: unreachable\n');
    }
  },
});
