/**
 * THE EXEC RECORDS PORT: what commands wrote whose caller did not listen (`record-output`), by guest.
 *
 * Laws: a guest cannot fill the host (a record ends at a size, and there are no more than so many); names are those that
 * `open` was given; `forget` leaves nothing of a guest.
 */
export interface ExecRecords {
  /** A new record, written as the command writes. What comes after the limit is read and dropped. */
  open(guest: string, name: string): Promise<NodeJS.WritableStream>;
  /** Names, the oldest first. */
  list(guest: string): Promise<string[]>;
  /** Undefined when there is none. */
  read(guest: string, name: string): Promise<Buffer | undefined>;
  /** False when there is none. */
  remove(guest: string, name: string): Promise<boolean>;
  forget(guest: string): Promise<void>;
}
