/** The typed client against a server that plays the documented protocol. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { createClient } from '../../src/client/client.ts';
import { ClientError } from '../../src/client/client-error.ts';
import { failure, openProtocolServer, operation, started, sync } from './protocol-server.ts';

test('a call fills the path, the query and the body, and takes the value out of the envelope', async () => {
  await using server = await openProtocolServer({ answer: () => sync({ name: 'a/b', target: 'f' }) });
  using client = createClient({ socketPath: server.socketPath, project: 'lab' });
  const alias = await client.call('GET /1.0/images/aliases/{name}', { params: { name: 'a/b' } });
  assert.equal(alias.target, 'f');
  assert.equal(server.requests[0]?.url, '/1.0/images/aliases/a%2Fb?project=lab');
  await client.call('PATCH /1.0', { body: { config: { 'user.x': 'y' } }, ifMatch: '"etag"' });
  assert.equal(server.requests[1]?.body, '{"config":{"user.x":"y"}}');
  assert.equal(server.requests[1]?.headers['if-match'], '"etag"');
});

test('an error of the server arrives with its status, code, parameters and help', async () => {
  const details = { code: 'instance.exists', params: { name: 'web' }, help: 'Choose another name' };
  await using server = await openProtocolServer({
    answer: () => failure(409, 'Instance "web" already exists', details),
  });
  using client = createClient({ socketPath: server.socketPath });
  await assert.rejects(client.call('GET /1.0'), (error) => {
    assert.ok(error instanceof ClientError);
    assert.deepEqual(
      [error.status, error.code, error.params, error.help, error.message],
      [409, 'instance.exists', { name: 'web' }, 'Choose another name', 'Instance "web" already exists'],
    );
    return true;
  });
});

test('an answer without details, and one that is no API at all, are errors too', async () => {
  const answers = [failure(404, 'not found'), { status: 502, body: '<html>Bad gateway</html>' }];
  await using server = await openProtocolServer({ answer: () => answers.shift() ?? sync(null) });
  using client = createClient({ socketPath: server.socketPath });
  await assert.rejects(client.call('GET /1.0'), { status: 404, code: '', message: 'not found' });
  await assert.rejects(client.call('GET /1.0'), { status: 502, code: 'client.no-envelope' });
});

test('when nobody listens the error says for which directory and what to do', async () => {
  using client = createClient({ socketPath: '/nonexistent/gasthof/unix.socket' });
  await assert.rejects(client.call('GET /1.0'), {
    code: 'client.unreachable',
    message: /not running for \/nonexistent\/gasthof/,
    help: /npm start/,
  });
});

test('an operation is waited for; its failure carries code and help', async () => {
  const ends = [
    operation(),
    operation({ status: 'Failure', status_code: 400, err: 'No', err_code: 'pool.in-use', err_help: 'Wait' }),
  ];
  await using server = await openProtocolServer({
    answer: ({ method }) => (method === 'GET' ? sync(ends.shift()) : started(operation())),
  });
  using client = createClient({ socketPath: server.socketPath });
  const deleted = client.operation('DELETE /1.0/instances/{name}', { params: { name: 'web' } });
  await assert.rejects(deleted, { message: 'No', code: 'pool.in-use', help: 'Wait', status: 400 });
  assert.deepEqual(
    server.requests.map(({ method, url }) => `${method} ${url}`),
    [
      'DELETE /1.0/instances/web',
      'GET /1.0/operations/op1/wait?timeout=300',
      'GET /1.0/operations/op1/wait?timeout=300',
    ],
  );
});

test('an operation that takes longer shows its progress from the events', async () => {
  const { promise: end, resolve: finish } = Promise.withResolvers<void>();
  await using server = await openProtocolServer({
    answer: async ({ method }) => {
      if (method !== 'GET') return started(operation());
      await end;
      return sync(operation({ status: 'Success', status_code: 200 }));
    },
    onSocket: () => {
      server.emit({ type: 'operation', metadata: operation({ id: 'another' }) });
      server.emit({ type: 'operation', metadata: operation({ metadata: { create_progress: '40%' } }) });
    },
  });
  using client = createClient({ socketPath: server.socketPath });
  const seen: unknown[] = [];
  const ended = await client.operation(
    'POST /1.0/instances',
    { body: {} },
    {
      progressAfterMs: 1,
      onProgress: ({ metadata }) => {
        seen.push(metadata?.create_progress);
        finish();
      },
    },
  );
  assert.deepEqual(seen, ['40%']);
  assert.equal(ended.status, 'Success');
});

test('the first cancel asks the server; what cannot be cancelled is told, and a second signal leaves', async () => {
  const { promise: end, resolve: finish } = Promise.withResolvers<void>();
  await using server = await openProtocolServer({
    answer: async ({ method, url }) => {
      if (method === 'POST') return started(operation({ may_cancel: url.includes('snapshots') }));
      if (method === 'DELETE') {
        finish();
        return sync({});
      }
      await end;
      return sync(operation({ status: 'Cancelled', status_code: 401, err: 'The operation was cancelled' }));
    },
  });
  using client = createClient({ socketPath: server.socketPath });
  const cancel = new AbortController();
  const cancelled = client.operation(
    'POST /1.0/instances/{name}/snapshots',
    { params: { name: 'web' }, body: {} },
    { cancel: cancel.signal },
  );
  while (server.requests.length < 2) await new Promise(setImmediate);
  cancel.abort();
  await assert.rejects(cancelled, { code: 'operation.cancelled', status: 401 });

  const stay = new AbortController();
  const leave = new AbortController();
  await using deaf = await openProtocolServer({
    answer: ({ method }) => (method === 'POST' ? started(operation()) : () => {}),
  });
  using other = createClient({ socketPath: deaf.socketPath });
  const refused = Promise.withResolvers<void>();
  const left = other.operation(
    'POST /1.0/instances',
    { body: {} },
    { cancel: stay.signal, signal: leave.signal, onCancelRefused: refused.resolve },
  );
  while (deaf.requests.length < 2) await new Promise(setImmediate);
  stay.abort();
  await refused.promise;
  leave.abort(new Error('left'));
  await assert.rejects(left, /left/);
});

test('uploads and downloads are streams with their headers', async () => {
  await using server = await openProtocolServer({
    answer: ({ method }) => (method === 'POST' ? sync({}) : { headers: { 'X-Incus-uid': '7' }, body: 'content' }),
  });
  using client = createClient({ socketPath: server.socketPath });
  await client.call('POST /1.0/instances/{name}/files', {
    params: { name: 'web' },
    query: { path: '/etc/x y' },
    upload: Readable.from([Buffer.from('one'), Buffer.from('two')]),
    headers: { 'X-Incus-mode': '0600' },
  });
  assert.equal(server.requests[0]?.url, '/1.0/instances/web/files?path=%2Fetc%2Fx%20y');
  assert.equal(server.requests[0]?.body, 'onetwo');
  assert.equal(server.requests[0]?.headers['x-incus-mode'], '0600');
  const answer = await client.raw('GET /1.0/instances/{name}/files', {
    params: { name: 'web' },
    query: { path: '/x' },
  });
  assert.equal(answer.headers['x-incus-uid'], '7');
  assert.equal(Buffer.concat(await answer.toArray()).toString(), 'content');
});

test('a websocket carries text, binary of every length form, and pings, and ends on both sides', async () => {
  const lengths = [0, 1, 125, 126, 65_535, 65_536, 300_000];
  await using server = await openProtocolServer({
    answer: () => sync(null),
    onSocket: (socket) => {
      socket.ping('keepalive');
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    },
  });
  using client = createClient({ socketPath: server.socketPath });
  using socket = await client.websocket('/1.0/operations/op1/websocket?secret=x');
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const got: [boolean, number][] = [];
  socket.onMessage(({ binary, data }) => {
    got.push([binary, data.length]);
    if (got.length === lengths.length + 1) resolve();
  });
  for (const length of lengths) socket.sendBinary(Buffer.alloc(length, 7));
  socket.sendText('');
  await all;
  assert.deepEqual(got, [...lengths.map((length): [boolean, number] => [true, length]), [false, 0]]);
  socket.close();
  await socket.closed;
  assert.equal(socket.isOpen, false);
});

test('events are an iterable that ends with the signal, and fails when the server goes', async () => {
  await using server = await openProtocolServer({
    answer: () => sync(null),
    onSocket: (_socket, url) => {
      server.emit({ type: 'heartbeat' });
      server.emit({ type: 'lifecycle', sequence: 5, url });
    },
  });
  using client = createClient({ socketPath: server.socketPath });
  const stop = new AbortController();
  const seen: unknown[] = [];
  for await (const event of client.events({ types: ['lifecycle'], since: 4, signal: stop.signal })) {
    seen.push({ ...event });
    stop.abort();
  }
  assert.deepEqual(seen, [{ type: 'lifecycle', sequence: 5, url: '/1.0/events?type=lifecycle&since=4' }]);

  await using leaving = await openProtocolServer({ answer: () => sync(null), onSocket: (socket) => socket.close() });
  using other = createClient({ socketPath: leaving.socketPath });
  await assert.rejects(other.events()[Symbol.asyncIterator]().next(), { code: 'client.connection-lost' });
});
