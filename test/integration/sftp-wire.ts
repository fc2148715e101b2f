/** The client's side of SFTP for tests: packets built by hand, so that they can be as wrong as a test wants. */
import type { Duplex } from 'node:stream';
import { packetsOf } from '../../src/files/sftp/packet-reader.ts';
import { packetTypes, readFields, string, uint32, uint64 } from '../../src/files/sftp/wire.ts';

export { packetTypes, string, uint32, uint64 };

export type Reply = { type: number; id: number; packet: Buffer };
export type SftpClient = {
  /** Sends raw bytes. */
  raw(bytes: Buffer): void;
  /** One request; resolves with its reply. */
  ask(type: number, ...fields: Buffer[]): Promise<Reply>;
  /** Sends without waiting; gives the number of the request. */
  send(type: number, ...fields: Buffer[]): number;
  /** The next reply that nobody asked for with `ask`; undefined at the end of the connection. */
  next(): Promise<Reply | undefined>;
  /** The code of the status that a request gets. */
  status(type: number, ...fields: Buffer[]): Promise<number>;
  end(): void;
};

export async function sftpClient(connection: Duplex): Promise<SftpClient> {
  connection.on('error', () => {});
  const packets = packetsOf(connection.iterator({ destroyOnReturn: false }));
  let last = 0;
  const raw = (bytes: Buffer) => void connection.write(bytes);
  const framed = (...parts: Buffer[]) => {
    const body = Buffer.concat(parts);
    return Buffer.concat([uint32(body.length), body]);
  };
  const next = async (): Promise<Reply | undefined> => {
    const { value: packet } = await packets.next().catch(() => ({ value: undefined }));
    return packet && { type: packet[0] ?? 0, id: packet.readUInt32BE(1), packet };
  };
  const send: SftpClient['send'] = (type, ...fields) => {
    last += 1;
    raw(framed(Buffer.from([type]), uint32(last), ...fields));
    return last;
  };
  const ask: SftpClient['ask'] = async (type, ...fields) => {
    const id = send(type, ...fields);
    const reply = await next();
    if (!reply || reply.id !== id) throw new Error(`no reply to request ${id}: ${reply?.id}`);
    return reply;
  };
  raw(framed(Buffer.from([packetTypes.init]), uint32(3)));
  const greeting = await next();
  if (greeting?.type !== packetTypes.version) throw new Error('no greeting');
  return {
    raw,
    send,
    ask,
    next,
    async status(type, ...fields) {
      const reply = await ask(type, ...fields);
      return reply.type === packetTypes.status ? reply.packet.readUInt32BE(5) : -reply.type;
    },
    end: () => connection.end(),
  };
}

export const handleOf = ({ packet }: Reply): Buffer => string(readFields(packet, 5).bytes());
export const dataOf = ({ packet }: Reply): Buffer => readFields(packet, 5).bytes();
export const noAttributes = uint32(0);
