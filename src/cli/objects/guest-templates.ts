/** Templates of a guest over the API: texts under a file name. */
import { text } from 'node:stream/consumers';
import type { Context } from '../context.ts';

export type TemplateName = { instance: string; template: string };

export async function readTemplate({ client }: Context, { instance, template }: TemplateName): Promise<string> {
  const answer = await client.raw('GET /1.0/instances/{name}/metadata/templates', {
    params: { name: instance },
    query: { path: template },
  });
  return text(answer);
}

export async function templateNames({ client }: Context, instance: string): Promise<string[]> {
  const answer = await client.raw('GET /1.0/instances/{name}/metadata/templates', { params: { name: instance } });
  return (JSON.parse(await text(answer)) as { metadata: string[] }).metadata;
}

export async function writeTemplate(
  { client }: Context,
  { instance, template }: TemplateName,
  content: string,
): Promise<void> {
  await client.call('POST /1.0/instances/{name}/metadata/templates', {
    params: { name: instance },
    query: { path: template },
    upload: Buffer.from(content),
    headers: { 'Content-Type': 'application/octet-stream' },
  });
}
