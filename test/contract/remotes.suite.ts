/** The laws of core/ports/remotes.ts, held against every implementation. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { type RemoteAddress, RemoteRefused, type Remotes } from '../../src/core/ports/remotes.ts';

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;
export type RemotesFixture = AsyncDisposable & {
  remotes: Remotes;
  /** A server, known by its certificate. `requests` are all that it got. */
  address: RemoteAddress;
  /** The same one, known by another certificate. */
  wrong: RemoteAddress;
  /** Nobody is there. */
  nobody: RemoteAddress;
  requests: string[];
};
/** `answer` serves requests, `upgraded` gets the server's side of websockets at /socket. */
export type OpenRemotes = (answer: Answering, upgraded?: (socket: WebSocket) => void) => Promise<RemotesFixture>;

const json = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
};
const sync = (metadata: unknown) => ({ type: 'sync', status: 'Success', status_code: 200, metadata });
const refusal = (code: number, error: string) => ({ type: 'error', error_code: code, error, metadata: null });

async function textOf(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = '';
  for await (const part of stream) text += part.toString();
  return text;
}

export function remotesSuite(name: string, open: OpenRemotes): void {
  const law = (text: string, check: () => Promise<void>) => test(`${name} remotes: ${text}`, check);

  law('a call gives the metadata and carries method, path, headers and body', async () => {
    await using there = await open(async (request, response) => {
      const { method, url, headers } = request;
      json(response, 200, sync({ method, url, tag: headers['x-tag'], body: JSON.parse(await textOf(request)) }));
    });
    const call = { method: 'PUT', path: '/1.0/a%2Fb?x=1%20', headers: { 'X-Tag': 't' }, body: { deep: ['ü'] } };
    assert.deepEqual(await there.remotes.call(there.address, call), {
      method: 'PUT',
      url: '/1.0/a%2Fb?x=1%20',
      tag: 't',
      body: { deep: ['ü'] },
    });
  });

  law('an upload arrives whole', async () => {
    let size = 0;
    await using there = await open(async (request, response) => {
      for await (const part of request) size += part.length;
      json(response, 202, { type: 'async', metadata: { id: '1' } });
    });
    const upload = Readable.from(Array.from({ length: 200 }, () => Buffer.alloc(50_000, 1)));
    assert.deepEqual(await there.remotes.call(there.address, { method: 'POST', path: '/1.0/images', upload }), {
      id: '1',
    });
    assert.equal(size, 10_000_000);
  });

  law('refusals keep the words and the status of the server', async () => {
    await using there = await open((_request, response) => json(response, 404, refusal(404, 'Image not found')));
    const wanted = (error: unknown) =>
      error instanceof RemoteRefused && error.status === 404 && error.message === 'Image not found';
    const call = { method: 'GET', path: '/1.0/images/x' };
    await assert.rejects(there.remotes.call(there.address, call), wanted);
    await assert.rejects(there.remotes.download(there.address, call), wanted);
    await assert.rejects(there.remotes.websocket(there.address, '/1.0/images/x'), wanted);
  });

  law('what is no envelope is refused', async () => {
    await using there = await open((_request, response) => response.writeHead(502).end('<html>bad gateway'));
    for (const ask of [there.remotes.call, there.remotes.download])
      await assert.rejects(ask(there.address, { method: 'GET', path: '/1.0' }), { name: 'RemoteRefused', status: 502 });
  });

  law('a server with another certificate gets nothing of us', async () => {
    await using there = await open((_request, response) => json(response, 200, sync(null)));
    const call = { method: 'GET', path: '/1.0?secret=abc' };
    const refused = { name: 'RemoteRefused', status: 0, message: /another certificate/ };
    await assert.rejects(there.remotes.call(there.wrong, call), refused);
    await assert.rejects(there.remotes.download(there.wrong, call), refused);
    await assert.rejects(there.remotes.websocket(there.wrong, '/socket?secret=abc'), refused);
    assert.deepEqual(there.requests, []);
  });

  law('what cannot be reached is named', async () => {
    await using there = await open(() => {});
    const { url } = there.nobody;
    await assert.rejects(there.remotes.call(there.nobody, { method: 'GET', path: '/' }), {
      name: 'RemoteRefused',
      status: 0,
      message: new RegExp(`cannot reach ${url.replaceAll('.', '\\.')}: .+`),
    });
    for (const bad of ['http://127.0.0.1:80', 'https://user:secret@127.0.0.1', 'file:///etc/passwd', 'nonsense', ''])
      await assert.rejects(there.remotes.call({ url: bad }, { method: 'GET', path: '/' }), RemoteRefused);
  });

  law('a download gives headers, size and bytes', async () => {
    await using there = await open((_request, response) => {
      response.writeHead(200, { 'X-Kind': 'k', 'Content-Length': '5' }).end('bytes');
    });
    const { headers, sizeBytes, body } = await there.remotes.download(there.address, { method: 'GET', path: '/f' });
    assert.deepEqual([headers['x-kind'], sizeBytes], ['k', 5]);
    assert.equal(await textOf(body as Readable), 'bytes');
  });

  law('a download that is cut is an error, not a short file', async () => {
    await using there = await open((_request, response) => {
      response.writeHead(200, { 'Content-Length': '500000' });
      response.write('some', () => response.destroy());
    });
    const { body } = await there.remotes.download(there.address, { method: 'GET', path: '/f' });
    await assert.rejects(textOf(body as Readable));
  });

  law('a reader that stops makes the server wait', async () => {
    let written = 0;
    await using there = await open((_request, response) => {
      async function* parts() {
        for (let count = 0; count < 500; count += 1) {
          written += 100_000;
          yield Buffer.alloc(100_000);
        }
      }
      pipeline(Readable.from(parts()), response, () => {});
    });
    const { body } = await there.remotes.download(there.address, { method: 'GET', path: '/f' });
    const before = await steady(() => written);
    assert.ok(before < 40_000_000, `${before} bytes are on their way`);
    let size = 0;
    for await (const part of body as Readable) size += part.length;
    assert.equal(size, 50_000_000);
  });

  law('downloads follow redirects, five at most, to HTTPS only and never with a secret', async () => {
    await using there = await open((request, response) => {
      const [, kind = '', count = '0'] = (request.url ?? '').split(/[/?]/);
      if (kind === 'plain') response.writeHead(302, { Location: 'http://127.0.0.1/x' }).end();
      else if (Number(count) === 0) response.end('there');
      else response.writeHead(302, { Location: `/${kind}/${Number(count) - 1}` }).end();
    });
    const get = (path: string) => there.remotes.download(there.address, { method: 'GET', path });
    assert.equal(await textOf((await get('/hop/5')).body as Readable), 'there');
    await assert.rejects(get('/hop/6'), /redirects/);
    await assert.rejects(get('/plain/1'), /not HTTPS/);
    await assert.rejects(get('/hop/1?secret=abc'), /secret/);
    await assert.rejects(there.remotes.call(there.address, { method: 'GET', path: '/hop/1' }), RemoteRefused);
  });

  law('aborting ends the connection at once, with the reason', async () => {
    const gone = Promise.withResolvers<void>();
    await using there = await open((request, response) => {
      response.once('close', gone.resolve);
      if (request.url === '/started') response.write('x');
    });
    for (const path of ['/silent', '/started']) {
      const abort = new AbortController();
      const reason = new Error('enough');
      const call = there.remotes.call(there.address, { method: 'GET', path, signal: abort.signal });
      while (!there.requests.some((line) => line.endsWith(path))) await new Promise(setImmediate);
      abort.abort(reason);
      await assert.rejects(call, reason);
      await gone.promise;
    }
    await assert.rejects(
      there.remotes.call(there.address, { method: 'GET', path: '/', signal: AbortSignal.abort(new Error('before')) }),
      /before/,
    );
  });

  law('a websocket carries text and bytes both ways, and its end', async () => {
    await using there = await open(
      (_request, response) => json(response, 404, refusal(404, 'not found')),
      (socket) => {
        socket.send('welcome');
        socket.on('message', (data: Buffer, binary) => socket.send(data, { binary }));
      },
    );
    const channel = await there.remotes.websocket(there.address, '/socket?secret=abc');
    const got: string[] = [];
    const complete = Promise.withResolvers<void>();
    channel.onMessage((data, isBinary) => {
      got.push(`${isBinary ? 'binary' : 'text'} ${Buffer.from(data).toString()}`);
      if (got.length === 4) complete.resolve();
    });
    channel.sendText('hello');
    channel.sendBinary(Buffer.from('bytes'));
    channel.sendText('');
    await complete.promise;
    assert.deepEqual(got, ['text welcome', 'text hello', 'binary bytes', 'text ']);
    const closed = new Promise<void>((resolve) => channel.onClose(resolve));
    channel.close();
    await closed;
  });

  law('a websocket peer that does not read fills the channel, and drained tells when it goes on', async () => {
    const sockets: WebSocket[] = [];
    let received = 0;
    await using there = await open(
      () => {},
      (socket) => {
        sockets.push(socket);
        socket.pause();
        socket.on('message', (data: Buffer) => {
          received += data.length;
        });
      },
    );
    const channel = await there.remotes.websocket(there.address, '/socket');
    const chunk = Buffer.alloc(256 * 1024);
    let sent = 0;
    while (channel.bufferedBytes < 4 * chunk.length) {
      channel.sendBinary(chunk);
      sent += chunk.length;
      await new Promise(setImmediate);
    }
    const drained = channel.drained(chunk.length);
    sockets[0]?.resume();
    await drained;
    assert.ok(channel.bufferedBytes < chunk.length);
    while (received < sent) await new Promise(setImmediate);
    channel.close();
  });
}

/** The value when it has not changed for a while. */
async function steady(value: () => number): Promise<number> {
  for (let before = -1; before !== value() || before === 0; ) {
    before = value();
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  return value();
}
