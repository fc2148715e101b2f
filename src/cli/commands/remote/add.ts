import { ClientError } from '../../../client/client-error.ts';
import { CliError } from '../../cli-error.ts';
import { defineCommand, flag, optional, required, text } from '../../command.ts';
import type { Context } from '../../context.ts';
import { connectRemote } from '../../remotes/connect.ts';
import { type Met, meetServer, readToken } from '../../remotes/meet.ts';
import { builtIn, type Remote, readRemotes, writePin, writeRemotes } from '../../remotes/remotes-file.ts';
import { listStreamImages } from '../../remotes/stream-server.ts';
import { confirm } from '../../terminal/confirm.ts';

export const remoteAdd = defineCommand({
  name: 'remote add',
  group: 'server',
  summary: 'Make another server known, and be trusted by it with a token of it',
  args: { name: required('name'), address: optional('host|url|token') },
  options: {
    token: text('--token <token>', 'what "config trust add" printed there'),
    acceptCertificate: flag('--accept-certificate', 'do not ask about its certificate'),
    public: flag('--public', 'only for its public images'),
    project: text('--project <name>', 'project to work in there'),
    protocol: text('--protocol <name>', 'incus, or simplestreams for an image server', ['incus', 'simplestreams']),
  },
  examples: [
    ['gast remote add otto eyJjbGllbnRfbmFtZSI6...', 'the token names the address'],
    ['gast remote add otto https://10.0.0.7:8443 --token eyJjbGllbnRfbmFtZSI6...', ''],
    ['gast remote add mine https://images.example.org --protocol simplestreams', 'an image server'],
  ],
  async run(context, { args, options }) {
    const { name } = args;
    const known = readRemotes(context.env);
    if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) throw new CliError(`"${name}" is no name for a remote`);
    if (Object.hasOwn(known.remotes, name) && known.remotes[name] !== builtIn[name])
      throw new CliError(`The remote "${name}" exists already`);
    if (options.protocol === 'simplestreams') return addImageServer(context, name, args.address ?? '');
    const given = args.address ?? options.token ?? '';
    const token = options.token ?? (readToken(given) ? given : undefined);
    const said = token === undefined ? undefined : readToken(token);
    if (token !== undefined && said === undefined) throw new CliError('This is no trust token');
    const met = await meetServer(given === token ? (said?.addresses ?? []) : [given]);
    await checkCertificate(context, met, said?.fingerprint, options.acceptCertificate);
    const remote: Remote = {
      url: met.url,
      protocol: 'incus',
      public: options.public,
      ...(options.project ? { project: options.project } : {}),
    };
    writePin(context.env, name, met.vouchedFor ? undefined : met.certificate);
    try {
      await enter(context, name, remote, token);
    } catch (error) {
      writePin(context.env, name, undefined);
      throw error;
    }
    writeRemotes(context.env, { ...known, remotes: { ...known.remotes, [name]: remote } });
  },
});

/** An authority has to vouch for its certificate. */
async function addImageServer(context: Context, name: string, address: string): Promise<void> {
  const known = readRemotes(context.env);
  const url = URL.parse(address);
  if (url?.protocol !== 'https:') throw new CliError(`"${address}" does not begin with https://`);
  const remote: Remote = {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    protocol: 'simplestreams',
    public: true,
  };
  await listStreamImages(remote.url);
  writeRemotes(context.env, { ...known, remotes: { ...known.remotes, [name]: remote } });
}

async function checkCertificate(context: Context, met: Met, expected: string | undefined, accept: boolean) {
  if (expected !== undefined) {
    if (met.fingerprint === expected) return;
    throw new CliError(`${met.url} shows another certificate than the token says: ${met.fingerprint}`);
  }
  if (met.vouchedFor || accept) return;
  if (await confirm(context, context.texts('accept-certificate', { fingerprint: met.fingerprint }))) return;
  throw new CliError(context.texts('not-accepted'), { help: '--accept-certificate, or a token of this server' });
}

async function enter(context: Context, name: string, remote: Remote, token: string | undefined): Promise<void> {
  using client = connectRemote(context.env, name, remote, {});
  const isTrusted = async () => (await client.call('GET /1.0')).auth === 'trusted';
  if (remote.public || (await isTrusted())) return;
  if (token === undefined)
    throw new CliError(`${remote.url} does not know you`, { help: 'there: gast config trust add NAME; here: --token' });
  try {
    await client.raw('POST /1.0/certificates', {
      body: { name: '', type: 'client', certificate: '', trust_token: token },
    } as never);
  } catch (error) {
    if (!(error instanceof ClientError) || error.status !== 403) throw error;
    throw new CliError(`${remote.url} does not take the token: ${error.message}`, { help: 'a token is good once' });
  }
  if (!(await isTrusted())) throw new CliError(`${remote.url} does not trust us after all`);
  context.say(context.texts('now-trusted', { name }));
}
