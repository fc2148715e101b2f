/**
 * The begin of a recorded SFTP session: the upgrade, the version, the first request. What follows names handles that each
 * server makes for itself; test/e2e/foreign/guest-files.test.ts has whole sessions of the real client.
 */
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Difference } from './compare.ts';
import type { Exchange } from './recording.ts';

type Packet = { type: number; id: number; status: number | undefined };
const statusType = 0x65;
const comparedPackets = 2;

/** Recorded as frames of another protocol: those with a length are whole packets without their length prefix. */
function packetsOf({ frames = [] }: Exchange, dir: 'client' | 'server'): Buffer[] {
  const whole = frames.filter((frame) => frame.dir === dir && (frame.head ?? '') !== '');
  return whole.slice(0, comparedPackets).map(({ head = '' }) => Buffer.from(head, 'hex'));
}

export async function replaySftp(socketPath: string, path: string, exchange: Exchange): Promise<Difference[]> {
  const headers = { Host: 'unix.socket', Connection: 'Upgrade', Upgrade: 'sftp' };
  const sent = request({ socketPath, path, headers });
  const opened = new Promise<{ response: IncomingMessage; socket?: Duplex }>((resolve, reject) => {
    sent.on('upgrade', (response, socket) => resolve({ response, socket }));
    sent.on('response', (response) => resolve({ response }));
    sent.on('error', reject);
  });
  sent.end();
  const { response, socket } = await opened;
  if (!socket || response.headers.upgrade !== 'sftp') {
    socket?.destroy();
    return [{ path: 'status', kind: 'value', recorded: exchange.status, ours: response.statusCode }];
  }
  try {
    return await compareReplies(socket, exchange);
  } finally {
    socket.destroy();
  }
}

async function compareReplies(socket: Duplex, exchange: Exchange): Promise<Difference[]> {
  const found: Difference[] = [];
  const replies = packetsIn(socket);
  const expected = packetsOf(exchange, 'server');
  for (const [index, packet] of packetsOf(exchange, 'client').entries()) {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(packet.length);
    socket.write(Buffer.concat([prefix, packet]));
    const reply = await replies.next();
    const recorded = expected[index];
    if (!recorded) break;
    const ours = reply.done ? undefined : shown(reply.value);
    if (JSON.stringify(ours) !== JSON.stringify(shown(recorded)))
      found.push({ path: `sftp packet ${index}`, kind: 'value', recorded: shown(recorded), ours });
  }
  return found;
}

function shown(packet: Buffer): Packet {
  const type = packet.readUInt8(0);
  return { type, id: packet.readUInt32BE(1), status: type === statusType ? packet.readUInt32BE(5) : undefined };
}

async function* packetsIn(socket: Duplex): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const part of socket) {
    rest = Buffer.concat([rest, part as Buffer]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      yield rest.subarray(4, end);
      rest = rest.subarray(end);
    }
  }
}
