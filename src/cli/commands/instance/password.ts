import { CliError } from '../../cli-error.ts';
import { defineCommand, optional, required } from '../../command.ts';
import { readSecret } from '../../terminal/secret.ts';

export const password = defineCommand({
  name: 'password',
  group: 'inside',
  summary: 'Set the password of a user in a virtual machine',
  details: 'It is asked for, or the first line of what is piped in; the user is root where none is named.',
  args: { instance: required('instance', 'instance'), user: optional('user') },
  options: {},
  examples: [
    ['gast password desktop', 'of root'],
    ['gast password desktop alice', 'of another user'],
  ],
  async run(context, { args: { instance, user = 'root' } }) {
    const secret = await readSecret(context, context.texts('new-password', { user }));
    if (!secret) throw new CliError(context.texts('no-password'));
    await context.client.call('POST /1.0/instances/{name}/password', {
      params: { name: instance },
      body: { user, password: secret },
    });
  },
});
