/**
 * THE FILES PORT: a guest's files, running or stopped, seen from outside.
 *
 * Laws (test/contract/files.suite.ts): every path is resolved inside the guest's root, whatever links are in the way;
 * only regular files, directories and symbolic links are taken; nothing ever blocks on a FIFO, socket or device; owners are
 * those inside the guest; a failed or aborted push leaves the old file as it was.
 */
import type { Duplex } from 'node:stream';
import type { ExecSession } from './engine.ts';
import type { IdRange } from './id-range.ts';

/** A directory of the host that is the guest's root, with the range in which its files are owned. */
export type GuestRoot = { path: string; range: IdRange };

/** A virtual machine that runs: it does with its files what it is asked for, by commands of its root user. */
export type MachineRoot = { exec(command: string[]): Promise<ExecSession> };

export type AnyRoot = GuestRoot | MachineRoot;

export type FileKind = 'file' | 'directory' | 'symlink';
export type FileInfo = { kind: FileKind; uid: number; gid: number; mode: number; sizeBytes: number; modified: Date };
export type FileOwner = { uid?: number; gid?: number; mode?: number };

export type PulledFile =
  | (FileInfo & { kind: 'file'; content: NodeJS.ReadableStream })
  | (FileInfo & { kind: 'directory'; entries: string[] })
  | (FileInfo & { kind: 'symlink'; target: string });

export interface GuestFiles<Root = GuestRoot> {
  stat(root: Root, path: string): Promise<FileInfo>;
  pull(root: Root, path: string): Promise<PulledFile>;
  /** `append` adds to the file; otherwise a new file replaces the old one at once (write aside, rename). */
  pushFile(
    root: Root,
    path: string,
    content: NodeJS.ReadableStream,
    options: FileOwner & { append?: boolean; signal?: AbortSignal },
  ): Promise<void>;
  /** Succeeds when the directory is already there. */
  pushDirectory(root: Root, path: string, owner: FileOwner): Promise<void>;
  pushSymlink(root: Root, path: string, target: string, owner: FileOwner): Promise<void>;
  /** A directory must be empty unless `recursive`. */
  remove(root: Root, path: string, options?: { recursive?: boolean }): Promise<void>;
  /** Refuses a guest that has no means for SFTP, before a client is promised any. */
  checkSftp(root: Root): Promise<void>;
  /**
   * Speaks SFTP version 3 on this connection until it ends; then nothing of it is open any more. Paths start at the root.
   * Never rejects for what the client does.
   */
  serveSftp(root: Root, connection: Duplex, options: SftpOptions): Promise<void>;
}

export type SftpOptions = {
  /** Ends the session at once. */
  signal: AbortSignal;
  /** Somebody else needs the guest's files: ends the session as soon as the client is quiet. */
  wanted?: AbortSignal;
};

/** Expected refusals of this port; the core turns them into catalogue errors. */
export class FileRefused extends Error {
  readonly reason:
    | 'not-found'
    | 'not-a-directory'
    | 'is-a-directory'
    | 'not-empty'
    | 'exists'
    | 'special'
    | 'loop'
    | 'no-space'
    | 'read-only'
    | 'too-long'
    /** The guest lacks what this needs. */
    | 'unable'
    /** The sender left before the end. */
    | 'interrupted'
    /** The request itself makes no sense: no name, an owner outside the guest's range, an impossible mode. */
    | 'invalid';
  constructor(reason: FileRefused['reason'], message: string) {
    super(message);
    this.name = 'FileRefused';
    this.reason = reason;
  }
}
