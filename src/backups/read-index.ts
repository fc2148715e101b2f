/** Reads the index of a backup, with distrust: it comes early in the archive, and nothing after it is read. */
import { parse } from 'yaml';
import { createMemberCheck } from '../archives/check-members.ts';
import { archiveError, expansionGuard } from '../archives/distrust.ts';
import { decompressedFile } from '../host/compress.ts';
import { createTarScanner } from '../lib/tar-scan.ts';
import { backupArchive, indexName } from './backup-archive.ts';
import type { ArchiveFile } from './unpack.ts';

const indexLimitBytes = 16 * 1024 * 1024;

export async function readIndex({ path, compression, limits }: ArchiveFile, signal?: AbortSignal): Promise<unknown> {
  const check = createMemberCheck(limits, backupArchive);
  const guard = await expansionGuard(path, limits, backupArchive);
  let pieces: Buffer[] | undefined;
  let text: string | undefined;
  const scanner = createTarScanner({
    member(raw) {
      const member = check(raw);
      if (member.path !== indexName) return;
      if (member.kind !== 'file' || member.sparse || member.sizeBytes > indexLimitBytes)
        throw backupArchive.refuse('hostile', `the index is a ${member.kind} of ${member.sizeBytes} bytes`);
      pieces = [];
    },
    data(piece) {
      pieces?.push(Buffer.from(piece));
    },
    memberEnd() {
      if (pieces) text = Buffer.concat(pieces).toString('utf8');
      pieces = undefined;
    },
  });
  try {
    for await (const chunk of decompressedFile(path, compression, { signal })) {
      guard(chunk.length);
      scanner.push(chunk);
      if (text !== undefined) return readYaml(text);
    }
    scanner.finish();
  } catch (error) {
    signal?.throwIfAborted();
    throw archiveError(error, compression, backupArchive);
  }
  if (text !== undefined) return readYaml(text);
  throw backupArchive.refuse('broken', `the backup has no ${indexName}: it was not made by an export`);
}

function readYaml(text: string): unknown {
  // Deep nesting costs the parser seconds before it gives up.
  if (/(?:[-?:][ \t]+){30}/.test(text) || /[[{]{60}/.test(text))
    throw backupArchive.refuse('broken', 'the index is nested too deep');
  try {
    return parse(text, { maxAliasCount: 20, logLevel: 'error' });
  } catch (cause) {
    const first = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
    throw backupArchive.refuse('broken', `the index is not YAML: ${first}`);
  }
}
