/** The remotes port over real TLS on loopback, and inside the process as the API tests use it. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { fingerprintOf, makeSelfSigned } from '../../src/lib/self-signed-certificate.ts';
import { createRemotes, type RemotesOptions } from '../../src/remotes/remotes.ts';
import { type Answering, type OpenRemotes, remotesSuite } from './remotes.suite.ts';
import { connectInside } from './remotes-inside.ts';

const pairFor = (commonName: string) => {
  const pair = makeSelfSigned({
    commonName,
    organization: 'test',
    hosts: ['127.0.0.1'],
    from: new Date(0),
    years: 200,
  });
  return { ...pair, fingerprint: fingerprintOf(Buffer.from(pair.certificate)) };
};
const own = pairFor('own');
const server = pairFor('server');

const other = pairFor('other');

function track(listener: Server, answer: Answering, upgraded: ((socket: WebSocket) => void) | undefined): string[] {
  const requests: string[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  listener.on('request', (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  listener.on('upgrade', (request, socket, head) => {
    requests.push(`${request.method} ${request.url}`);
    if (request.url?.startsWith('/socket')) sockets.handleUpgrade(request, socket, head, (one) => upgraded?.(one));
    else {
      const body = JSON.stringify({ type: 'error', error_code: 404, error: 'Image not found' });
      socket.end(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    }
  });
  return requests;
}

const overTls =
  (options: Partial<RemotesOptions> = {}): OpenRemotes =>
  async (answer, upgraded) => {
    const { certificate: cert, key } = server;
    const listener = createTlsServer({ cert, key, requestCert: true, rejectUnauthorized: false });
    const requests = track(listener, answer, upgraded);
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    return {
      remotes: createRemotes({ own: () => own, userAgent: 'test', ...options }),
      address: { url, certificate: cert },
      wrong: { url, certificate: other.certificate },
      nobody: { url: 'https://127.0.0.1:1', certificate: cert },
      requests,
      async [Symbol.asyncDispose]() {
        listener.closeAllConnections();
        await new Promise((resolve) => listener.close(resolve));
      },
    };
  };

const inside: OpenRemotes = async (answer, upgraded) => {
  const listener = createServer();
  const connections = new Set<Duplex>();
  const url = 'https://inside:8443';
  const connect = async () => {
    const [ours, theirs] = duplexPair();
    // The pair does not pass on that one side was destroyed; a socket would.
    theirs.once('close', () => ours.destroy());
    ours.once('close', () => theirs.destroy());
    connections.add(ours);
    listener.emit('connection', ours);
    return theirs;
  };
  return {
    remotes: createRemotes({
      own: () => own,
      userAgent: 'test',
      connect: connectInside(new Map([[url, { certificate: server.certificate, connect }]])),
    }),
    address: { url, certificate: server.certificate },
    wrong: { url, certificate: other.certificate },
    nobody: { url: 'https://nobody:8443', certificate: server.certificate },
    requests: track(listener, answer, upgraded),
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.destroy();
    },
  };
};

remotesSuite('inside', inside);
remotesSuite('TLS', overTls());

test('remotes: a server that never answers a download, or falls silent in it, is given up', async () => {
  await using there = await overTls({ silenceMs: 200 })((request, response) => {
    if (request.url === '/half') response.writeHead(200).write('x');
  });
  const silent = { name: 'RemoteRefused', message: /nothing came for 0.2 s/ };
  await assert.rejects(there.remotes.download(there.address, { method: 'GET', path: '/never' }), silent);
  const { body } = await there.remotes.download(there.address, { method: 'GET', path: '/half' });
  await assert.rejects(async () => {
    for await (const _part of body);
  });
});

test('remotes: a server that accepts and says nothing is given up in the handshake, and so is one that is not TLS', async () => {
  const plain = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => speaks && socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  });
  let speaks = false;
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const remotes = createRemotes({ own: () => own, userAgent: 'test', connectTimeoutMs: 200 });
  const address = {
    url: `https://127.0.0.1:${(plain.address() as AddressInfo).port}`,
    certificate: server.certificate,
  };
  await assert.rejects(remotes.call(address, { method: 'GET', path: '/' }), /no answer within 0.2 s/);
  speaks = true;
  await assert.rejects(remotes.call(address, { method: 'GET', path: '/' }), { name: 'RemoteRefused', status: 0 });
  plain.close();
});

test('remotes: our certificate is shown; without a pin a certificate of nobody is refused', async () => {
  const shown: string[] = [];
  await using there = await overTls()((request, response) => {
    shown.push((request.socket as TLSSocket).getPeerX509Certificate()?.subject ?? 'none');
    response.end(JSON.stringify({ type: 'sync', metadata: null }));
  });
  const { url } = there.address;
  await there.remotes.call(there.address, { method: 'GET', path: '/' });
  assert.deepEqual(shown, ['O=test\nCN=own']);
  await assert.rejects(there.remotes.call({ url }, { method: 'GET', path: '/' }), {
    name: 'RemoteRefused',
    message: /self-signed certificate/,
  });
});

test('remotes: a redirect to another server carries neither the pin nor our certificate nor headers', async () => {
  await using elsewhere = await overTls()((_request, response) => response.end('x'));
  await using there = await overTls()((_request, response) => {
    response.writeHead(302, { Location: `${elsewhere.address.url}/x` }).end();
  });
  const call = { method: 'GET', path: '/', headers: { 'X-Token': 'secret' } };
  await assert.rejects(there.remotes.download(there.address, call), /self-signed certificate/);
  assert.deepEqual(elsewhere.requests, []);
});
