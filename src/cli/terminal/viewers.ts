/** Programs of this computer that show screens, in the order in which they are looked for, and how each is told of a socket. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export type ScreenType = 'vga' | 'vnc';
export type Viewer = { program: string; words: readonly string[] };

/** Of VNC's viewers TigerVNC alone takes the path of a socket; Debian names it so that others can be beside it. */
const viewers: Record<ScreenType, readonly { program: string; words(socket: string): string[] }[]> = {
  vga: [
    { program: 'remote-viewer', words: (socket) => [spiceAddress(socket)] },
    { program: 'spicy', words: (socket) => [`--uri=${spiceAddress(socket)}`] },
  ],
  vnc: [
    { program: 'xtigervncviewer', words: (socket) => [socket] },
    { program: 'vncviewer', words: (socket) => [socket] },
  ],
};

const spiceAddress = (socket: string) => `spice+unix://${socket}`;

/** How the socket is called in what viewers are given. */
export const screenAddress = (type: ScreenType, socket: string): string =>
  type === 'vga' ? spiceAddress(socket) : socket;

/** The programs that would do. */
export const viewerNames = (type: ScreenType): string => viewers[type].map(({ program }) => program).join(', ');

export function findViewer(type: ScreenType, socket: string, path = process.env.PATH ?? ''): Viewer | undefined {
  const directories = path.split(delimiter).filter((directory) => directory !== '');
  const found = viewers[type].find(({ program }) =>
    directories.some((directory) => isProgram(join(directory, program))),
  );
  return found && { program: found.program, words: found.words(socket) };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the viewer's window is closed, with its exit code. */
export function runViewer({ program, words }: Viewer, signal: AbortSignal): Promise<number> {
  const child = spawn(program, words, { stdio: 'inherit', signal });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', (error) => (error.name === 'AbortError' ? resolve(0) : reject(error)));
  child.once('exit', (code) => resolve(code ?? 1));
  return promise;
}

/** What virt-viewer reads (8.0 and later), by a double click or its name as an argument. */
export const viewerFile = (socket: string, title: string): string =>
  `[virt-viewer]\ntype=spice\nunix-path=${socket}\ntitle=${title}\n`;
