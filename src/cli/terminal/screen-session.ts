/**
 * The screen of a virtual machine for viewers of this computer: a socket that only this user can reach, each connection to
 * which is one to the machine, wherever its server is. No port is opened.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Operation } from '../../api/resources/operations.ts';
import type { Context } from '../context.ts';
import { untilInterrupted } from './guest-port.ts';
import { joinWebSocket } from './join-websocket.ts';
import { connectStream } from './operation-sockets.ts';
import { findViewer, runViewer, type ScreenType, screenAddress, viewerFile, viewerNames } from './viewers.ts';

export type ScreenOptions = { type: ScreenType; force?: boolean; vv?: string | undefined };

/** Until the viewer is closed, or Ctrl-C where none was started, or the machine ends. */
export async function showScreen(context: Context, instance: string, options: ScreenOptions): Promise<number> {
  const { type, force, vv } = options;
  const operation = await context.client.start('POST /1.0/instances/{name}/console', {
    params: { name: instance },
    body: { type, ...(force ? { force: true } : {}) },
  });
  const finished = context.client.finish(operation);
  finished.catch(() => {});
  // It holds the operation, and ends it.
  using _control = await connectStream(context, operation, 'control');
  await using door = await openDoor(context, operation);
  const viewer = vv === undefined ? findViewer(type, door.socket) : undefined;
  if (viewer) {
    const over = new AbortController();
    const ended = finished.then(
      () => 0,
      () => 0,
    );
    return await Promise.race([runViewer(viewer, over.signal), ended]).finally(() => over.abort());
  }
  if (vv === undefined) {
    context.say(context.texts('no-viewer', { programs: viewerNames(type) }));
    context.print(`${screenAddress(type, door.socket)}\n`);
  } else {
    writeFileSync(vv, viewerFile(door.socket, instance));
    context.print(`${vv}\n`);
  }
  context.say(context.texts('until-interrupted'));
  await Promise.race([untilInterrupted(), finished]);
  return 0;
}

type Door = AsyncDisposable & { socket: string };

async function openDoor(context: Context, operation: Operation): Promise<Door> {
  const directory = mkdtempSync(join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), 'gast-screen-'));
  const socket = join(directory, 'screen');
  const open = new Set<Socket>();
  const server = createServer(async (client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => {});
    try {
      joinWebSocket(client, await connectStream(context, operation, '0'));
    } catch (error) {
      context.say(`${context.texts('error')}: ${(error as Error).message}`);
      client.destroy();
    }
  });
  const close = async () => {
    server.close();
    for (const client of open) client.destroy();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    server.listen(socket);
    await once(server, 'listening');
  } catch (error) {
    await close();
    throw error;
  }
  return { socket, [Symbol.asyncDispose]: close };
}
