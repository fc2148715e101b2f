/** `POST /1.0/images/F/export`: sends an image to another server, which has given a secret for it. */

import { Readable } from 'node:stream';
import { fail } from '../../../api/errors.ts';
import { fieldsOf, textOf } from '../../../lib/simplestreams/json.ts';
import type { House } from '../../house.ts';
import type { ImageDoc } from '../../model.ts';
import type { Task } from '../../operations/registry.ts';
import { imageBody } from '../image-body.ts';
import { downloadProgress } from './download-progress.ts';
import { refuseRemote } from './find.ts';
import { counted } from './remote-image.ts';
import { addressOf } from './source.ts';

export type PushTarget = {
  server: string;
  certificate: string;
  secret: string;
  project: string;
  aliases: readonly { name: string }[];
  profiles: readonly string[];
};

type PushNeeds = Pick<House, 'images' | 'remotes' | 'clock'>;

export async function pushImage(house: PushNeeds, doc: ImageDoc, target: PushTarget, task: Task): Promise<void> {
  const { folder, ...remote } = addressOf(target);
  const { body, contentType, sizeBytes } = await imageBody(house, doc);
  const progress = downloadProgress(house.clock, sizeBytes, (text) => task.setMetadata({ upload_progress: text }));
  const query = target.project ? `?project=${encodeURIComponent(target.project)}` : '';
  const { signal } = task;
  try {
    const started = await house.remotes.call(remote, {
      method: 'POST',
      path: `${folder}/1.0/images${query}`,
      headers: { 'Content-Type': contentType, 'Transfer-Encoding': 'chunked', ...pushHeaders(doc, target) },
      upload: Readable.from(counted(body, progress), { objectMode: false }),
      signal,
    });
    const { id, metadata } = fieldsOf(started);
    const asked = new URLSearchParams({ secret: textOf(fieldsOf(metadata).secret), timeout: '-1' });
    if (target.project) asked.set('project', target.project);
    const path = `${folder}/1.0/operations/${encodeURIComponent(textOf(id))}/wait?${asked}`;
    const ended = fieldsOf(await house.remotes.call(remote, { method: 'GET', path, signal }));
    if (ended.status_code !== 200) fail('image.remote', { server: target.server, reason: textOf(ended.err) });
  } catch (error) {
    refuseRemote(target.server, error);
  } finally {
    (body as Readable).destroy?.();
  }
}

/** LXD servers read their own names only. */
function pushHeaders(doc: ImageDoc, { secret, aliases, profiles }: PushTarget): Record<string, string> {
  const values: Record<string, string> = {
    Filename: doc.fingerprint,
    Fingerprint: doc.fingerprint,
    Secret: secret,
    Aliases: new URLSearchParams(aliases.map(({ name }): [string, string] => ['alias', name])).toString(),
    Profiles: new URLSearchParams(profiles.map((name): [string, string] => ['profile', name])).toString(),
  };
  const given = Object.entries(values).filter(([, value]) => value !== '');
  return Object.fromEntries(
    given.flatMap(([name, value]) => [
      [`X-Incus-${name}`, value],
      [`X-LXD-${name}`, value],
    ]),
  );
}
