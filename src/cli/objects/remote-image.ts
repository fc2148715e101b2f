/** `REMOTE:image` as a source: what the server of the command is told so that it finds the image by itself. */
import type { ImagesPost } from '../../api/resources/images.ts';
import type { Client } from '../../client/client.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { createLocalClient } from '../own-daemon/local-client.ts';
import { type Remote, readPin, readRemotes } from '../remotes/remotes-file.ts';
import { type GuestType, imageOrBuild, needImageOf } from './image-source.ts';

export type ImageWord = { image: string; elsewhere: { name: string; remote: Remote } | undefined };

/** The server that the word names, undefined for the one that the command works on. */
export function readImageWord(context: Context, word: string): ImageWord {
  const [, name = '', image = ''] = /^([A-Za-z0-9][\w.-]*):(.*)$/s.exec(word) ?? [];
  const { remotes } = readRemotes(context.env);
  const remote = Object.hasOwn(remotes, name) ? remotes[name] : undefined;
  if (!remote) return { image: word, elsewhere: undefined };
  return { image, elsewhere: name === context.server.name ? undefined : { name, remote } };
}

type Source = NonNullable<ImagesPost['source']> & { type: string };

/** For new guests: an image of this server, built when it can be, or one of another. */
export async function imageSource(context: Context, word: string, type: GuestType): Promise<Source> {
  const { image, elsewhere } = readImageWord(context, word);
  if (!elsewhere) return { type: 'image', fingerprint: await imageOrBuild(context, image, type) };
  return remoteSource(context, image, elsewhere);
}

export async function remoteSource(
  context: Context,
  image: string,
  { name, remote }: NonNullable<ImageWord['elsewhere']>,
): Promise<Source> {
  const { url, protocol, project } = remote;
  const source = { type: 'image', mode: 'pull', server: url, protocol, alias: image };
  if (protocol === 'simplestreams') return source;
  if (protocol === 'unix')
    throw new CliError(`${context.server.name} cannot reach the socket of "${name}"`, {
      help: `first: gast image copy ${name}:${image} ${context.server.name}:`,
    });
  using client = await connect(context, name, remote);
  const { fingerprint, public: open } = await needImageOf(client, image);
  const own = { ...source, certificate: readPin(context.env, name) ?? '', ...(project ? { project } : {}) };
  if (open) return own;
  const token = await client.start('POST /1.0/images/{fingerprint}/secret', { params: { fingerprint } });
  const { alias: _, ...byPrint } = own;
  return { ...byPrint, fingerprint, secret: String(token.metadata?.secret ?? '') };
}

/** A client for one of the servers that are known by name. */
export async function connect(context: Context, name: string, remote: Remote): Promise<Client> {
  const options = { project: remote.project };
  if (remote.protocol !== 'unix')
    return (await import('../remotes/connect.ts')).connectRemote(context.env, name, remote, options);
  return createLocalClient({ ...context, uid: process.getuid?.() ?? 0 }, options);
}
