/** What a SOCKS5 client (RFC 1928) says before its connection goes through: whom it wants, by name. */
import type { Socket } from 'node:net';

export type Wanted = { name: string; port: number };

const version = 5;
const noPassword = 0;
const connectCommand = 1;
const domainName = 3;
/** Everything that is said before; more is no greeting. */
const longest = 1024;

export const answers = { granted: 0, refused: 5, unreachable: 4, notSupported: 7, noAddresses: 8 } as const;

export const socksAnswer = (code: number): Buffer => Buffer.from([version, code, 0, 1, 0, 0, 0, 0, 0, 0]);

/** Undefined: it was refused, or was no SOCKS5; the connection is ended. */
export async function readSocksGreeting(client: Socket): Promise<Wanted | undefined> {
  const read = reader(client);
  const [theirs, methods = 0] = await read(2);
  if (theirs !== version) return refuse(client);
  const offered = await read(methods);
  if (!offered.includes(noPassword)) return refuse(client, Buffer.from([version, 0xff]));
  client.write(Buffer.from([version, noPassword]));
  const [, command, , kind] = await read(4);
  if (command !== connectCommand) return refuse(client, socksAnswer(answers.notSupported));
  // Guests are known by name: 4 and 16 are addresses, which mean something else in each network.
  if (kind !== domainName) return refuse(client, socksAnswer(answers.noAddresses));
  const [length = 0] = await read(1);
  const name = (await read(length)).toString('latin1');
  return { name, port: (await read(2)).readUInt16BE() };
}

function refuse(client: Socket, answer: Buffer = Buffer.alloc(0)): undefined {
  client.end(answer);
  client.resume();
}

/** Gives so many bytes; what comes after the last of them stays in the socket. */
function reader(client: Socket): (size: number) => Promise<Buffer> {
  const next = async (size: number): Promise<Buffer> => {
    if (size === 0) return Buffer.alloc(0);
    for (;;) {
      const part = client.read(size) as Buffer | null;
      if (part?.length === size) return part;
      if (part !== null || client.readableEnded || client.destroyed || client.readableLength > longest)
        throw new Error('a SOCKS client went away in the middle of its greeting');
      await new Promise<void>((resolve) => {
        const go = () => {
          for (const event of ['readable', 'end', 'close']) client.off(event, go);
          resolve();
        };
        for (const event of ['readable', 'end', 'close']) client.on(event, go);
      });
    }
  };
  return next;
}
