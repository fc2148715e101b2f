/**
 * The only way out of a fresh tree: an HTTP proxy on a unix socket. The laboratory has no uplink; inside, `relay` carries
 * a loopback port to the socket, so that apt and npm reach the mirrors while no link of the machine is touched.
 */
import { createServer as createHttpServer, request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';

/** The machine's own proxy, if it has one: then everything goes through that. */
const upstream = process.env.https_proxy ?? process.env.http_proxy ?? process.env.HTTPS_PROXY ?? process.env.HTTP_PROXY;

/** Listens on the unix socket, outside. */
export function proxy(socketPath: string): Promise<{ close: () => void }> {
  const server = createHttpServer((asked, reply) => {
    const target = new URL(upstream ?? asked.url ?? '');
    const path = upstream ? asked.url : `${target.pathname}${target.search}`;
    const onward = request(
      { host: target.hostname, port: target.port || 80, method: asked.method, path, headers: asked.headers },
      (answer) => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(reply);
      },
    );
    onward.once('error', (error) => (reply.headersSent ? reply.destroy() : reply.writeHead(502).end(error.message)));
    asked.pipe(onward);
  });
  server.on('connect', (asked, client, head) => {
    const address = upstream ? new URL(upstream) : new URL(`tcp://${asked.url}`);
    const onward = connect(Number(address.port || 443), address.hostname, () => {
      if (upstream) onward.write(`CONNECT ${asked.url} HTTP/1.1\r\nHost: ${asked.url}\r\n\r\n`);
      else client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      join(client as Socket, onward);
    });
    onward.once('error', () => client.destroy());
  });
  return new Promise((resolve) => {
    server.listen(socketPath, () => resolve({ close: () => server.close() }));
  });
}

/** Listens on a loopback port, inside the laboratory. */
export function relay(port: number, socketPath: string): Promise<void> {
  const server = createServer((client) => join(client, connect(socketPath)));
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
}

function join(a: Socket, b: Socket): void {
  a.pipe(b).pipe(a);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const)
    one.once('error', () => other.destroy()).once('close', () => other.destroy());
}
