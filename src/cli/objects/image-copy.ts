/** The three ways of an image from one server to another. The command's own server is the target. */
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { formatBytes } from '../output/units.ts';
import { type Remote, readPin } from '../remotes/remotes-file.ts';
import { needImageOf } from './image-source.ts';
import { connect, remoteSource } from './remote-image.ts';

export type CopyWish = {
  image: string;
  source: { name: string; remote: Remote };
  aliases: readonly string[];
  autoUpdate: boolean;
  public: boolean;
};

const named = (aliases: readonly string[]) => aliases.map((name) => ({ name }));

export async function copyAliases(
  context: Context,
  { name, remote }: CopyWish['source'],
  image: string,
): Promise<string[]> {
  if (remote.protocol === 'simplestreams') {
    const { listStreamImages } = await import('../remotes/stream-server.ts');
    const images = await listStreamImages(remote.url);
    const found = images.find(
      ({ fingerprint, aliases }) => fingerprint.startsWith(image) || aliases.some((alias) => alias.name === image),
    );
    return found?.aliases.map((alias) => alias.name) ?? [];
  }
  using client = await connect(context, name, remote);
  return (await needImageOf(client, image)).aliases.map((alias) => alias.name);
}

export async function pullImage(context: Context, wish: CopyWish): Promise<string> {
  const source = await remoteSource(context, wish.image, wish.source);
  const started = await context.client.start('POST /1.0/images', {
    body: { source, aliases: named(wish.aliases), auto_update: wish.autoUpdate, public: wish.public },
  });
  const ended = await context.follow(context.texts('copying', { name: wish.image }), started);
  return String(ended.metadata?.fingerprint ?? '');
}

export async function pushImage(context: Context, wish: CopyWish): Promise<string> {
  const { name, remote } = wish.source;
  const target = context.server;
  if (remote.protocol === 'simplestreams' || target.remote.protocol === 'unix')
    throw new CliError(`${name} cannot send images to ${target.name}`, { help: 'leave out --mode' });
  using client = await connect(context, name, remote);
  const { fingerprint, properties, expires_at } = await needImageOf(client, wish.image);
  const token = await context.client.start('POST /1.0/images', {
    body: {
      source: { mode: 'push', fingerprint },
      aliases: named(wish.aliases),
      public: wish.public,
      properties,
      expires_at,
    },
  });
  const body = {
    target: target.remote.url,
    secret: String(token.metadata?.secret ?? ''),
    certificate: readPin(context.env, target.name) ?? '',
    ...(context.project ? { project: context.project } : {}),
  };
  using _task = context.task(context.texts('copying', { name: wish.image }));
  await client.operation('POST /1.0/images/{fingerprint}/export', { params: { fingerprint }, body });
  return fingerprint;
}

export async function relayImage(context: Context, wish: CopyWish): Promise<string> {
  const { name, remote } = wish.source;
  if (remote.protocol === 'simplestreams')
    throw new CliError(`${name} is an image server: ${context.server.name} fetches from it`, {
      help: 'leave out --mode',
    });
  using client = await connect(context, name, remote);
  const image = await needImageOf(client, wish.image);
  const params = { fingerprint: image.fingerprint };
  const label = context.texts('copying', { name: wish.image });
  const started = await (async () => {
    using task = context.task(label);
    const answer = await client.raw('GET /1.0/images/{fingerprint}/export', { params });
    let passed = 0;
    answer.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      task.update({ text: formatBytes(passed), fraction: image.size > 0 ? passed / image.size : undefined });
    });
    return context.client.start('POST /1.0/images', {
      upload: answer,
      headers: {
        'Content-Type': String(answer.headers['content-type']),
        'X-Incus-filename': encodeURIComponent(image.filename),
        'X-Incus-fingerprint': image.fingerprint,
        'X-Incus-properties': new URLSearchParams(image.properties).toString(),
        'X-Incus-aliases': new URLSearchParams(
          wish.aliases.map((alias): [string, string] => ['alias', alias]),
        ).toString(),
        ...(wish.public ? { 'X-Incus-public': 'true' } : {}),
      },
    });
  })();
  await context.follow(label, started);
  return image.fingerprint;
}
