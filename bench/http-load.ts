/**
 * Load on a unix socket in a process of its own, so that the client does not run on the server's thread. Each connection is
 * kept and has one request under way. Usage: node http-load.ts SOCKET PATH CONNECTIONS MILLISECONDS; prints requests per second.
 */
import { connect } from 'node:net';

const [socketPath = '', path = '', connections = '1', milliseconds = '1000'] = process.argv.slice(2);
const request = `GET ${path} HTTP/1.1\r\nHost: unix.socket\r\n\r\n`;
const warmUpMs = 200;

let counted = 0;
let counting = false;
for (let index = 0; index < Number(connections); index++) drive();
setTimeout(() => {
  counting = true;
  const begin = performance.now();
  setTimeout(() => {
    process.stdout.write(`${(counted / (performance.now() - begin)) * 1000}\n`, () => process.exit(0));
  }, Number(milliseconds));
}, warmUpMs);

function drive(): void {
  const socket = connect(socketPath);
  let received = '';
  socket.setEncoding('latin1');
  socket.on('error', fail);
  socket.on('close', () => fail(new Error(`${path}: the server closed the connection`)));
  socket.on('data', (chunk: string) => {
    received += chunk;
    if (!isComplete(received)) return;
    if (!received.startsWith('HTTP/1.1 200')) fail(new Error(`${path}: ${received.slice(0, 200)}`));
    received = '';
    if (counting) counted++;
    socket.write(request);
  });
  socket.write(request);
}

/** Nothing follows an answer, as no request is sent before it: so its end is the end of what came. */
function isComplete(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, head));
  return length ? answer.length >= head + 4 + Number(length[1]) : answer.endsWith('0\r\n\r\n');
}

function fail(error: Error): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
