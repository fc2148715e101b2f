/** The files of one state, all beside each other and all derived from the path of the state file. */
export function stateFileNames(path: string) {
  return {
    state: path,
    wal: `${path}-wal`,
    sharedMemory: `${path}-shm`,
    lock: `${path}.lock`,
    mark: `${path}.revision`,
    /** Newest first. */
    backups: [1, 2, 3].map((number) => `${path}.backup-${number}`),
    unfinishedBackup: `${path}.backup-new`,
    unfinishedState: `${path}.new`,
  };
}
