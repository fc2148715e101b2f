/** Our server as the recordings expect it: an empty one, with what their uploads need at hand. */

import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { routes } from '../../src/api/routes.ts';
import { fingerprintOf, makeSelfSigned } from '../../src/lib/self-signed-certificate.ts';
import type { TestDaemon } from '../daemon.ts';
import { deviations, fits } from './deviations.ts';
import { makeGoldenImages, splitUpload } from './golden-images.ts';
import type { Target, Upload } from './replay.ts';

/** Which recording gave out the file that another one brings back. */
const exportOf: Record<string, string> = {
  import: 'export',
  'import-exists': 'export',
  'storage-volume-import': 'storage-volume-export',
};

export async function goldenTarget(daemon: TestDaemon): Promise<Target & Disposable> {
  const directory = mkdtempSync(join(tmpdir(), 'gast-golden-'));
  const images = makeGoldenImages(directory);
  mkdirSync(join(directory, 'srv'));
  const kept = new Map<string, Buffer>();
  const client = new X509Certificate(
    makeSelfSigned({ commonName: 'ic', organization: 'golden', hosts: [], from: new Date(), years: 1 }).certificate,
  );
  await empty(daemon);
  return {
    socketPath: join(daemon.directory, 'unix.socket'),
    fixed: new Map([
      ['6c28e4e7d0af1c544ee777d3364a4807cb244e000b38fe5276c7f59e8122d9e0', images.unified.fingerprint],
      ['f1fc0f9fe1185baeb4008987af6f93db5882a8ca10d616c608d5f0d712d55f7d', images.split.fingerprint],
      ['6c28e4e7d0af', images.unified.fingerprint.slice(0, 12)],
      ['<CLIENT CERTIFICATE>', client.raw.toString('base64')],
      ['cc3272724b73', fingerprintOf(client.raw).slice(0, 12)],
      ['/srv/dir', join(directory, 'srv')],
      ['/var/lib/incus/storage-pools', join(daemon.directory, 'pools')],
    ]),
    keep: (recording, _exchange, bytes) => void kept.set(recording.name, bytes),
    upload: async (recording): Promise<Upload> => {
      if (/split|lxc-image-import/.test(recording.name)) {
        const { boundary, body } = splitUpload(images.split);
        return {
          headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
          body: Readable.from([body]),
        };
      }
      const bytes = kept.get(exportOf[recording.name] ?? '') ?? images.unified.bytes;
      return { headers: { 'Content-Type': 'application/octet-stream' }, body: Readable.from([bytes]) };
    },
    isAbsent: ({ name }, action) =>
      deviations.some((one) =>
        fits(one, {
          recording: name,
          where: 'GET /1.0/events',
          path: `lifecycle ${action}`,
          kind: 'missing',
          recorded: action,
          ours: undefined,
        }),
      ),
    routeOf,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Without the pool, the network and the devices that our first start makes; Incus has none of them. */
async function empty({ client }: TestDaemon): Promise<void> {
  await client.call('PUT /1.0/profiles/{name}', {
    params: { name: 'default' },
    body: { description: 'Default Gasthof profile', devices: {} },
  });
  for (const { name, managed } of (await client.call('GET /1.0/networks', { query: { recursion: '1' } })) as {
    name: string;
    managed: boolean;
  }[])
    if (managed) await client.call('DELETE /1.0/networks/{name}', { params: { name } });
  await client.call('DELETE /1.0/storage-pools/{name}', { params: { name: 'default' } });
}

const patterns = Object.keys(routes).map((key) => {
  const [method = '', path = ''] = key.split(' ');
  return {
    key,
    method,
    pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    params: path.split('{').length,
  };
});

function routeOf(method: string, url: string): string {
  const path = url.split('?')[0] ?? '';
  const fitting = patterns.filter((one) => one.method === method && one.pattern.test(path));
  return fitting.sort((a, b) => a.params - b.params)[0]?.key ?? `${method} ${path}`;
}
