import { defineCommand } from '../../command.ts';
import { clientCertificate } from '../../remotes/client-certificate.ts';

export const remoteGetClientCertificate = defineCommand({
  name: 'remote get-client-certificate',
  aliases: ['remote generate-certificate'],
  group: 'server',
  summary: 'Print your certificate, which servers know you by; it is made when there is none',
  args: {},
  options: {},
  examples: [['gast remote get-client-certificate > anna.crt', 'for "gast config trust add-certificate" elsewhere']],
  run: async (context) => context.print(clientCertificate(context.env).certificate),
});
