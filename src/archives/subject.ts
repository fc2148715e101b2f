/** What an archive is an archive of: it decides the words and the error with which a bad one is refused. */
export type ArchiveSubject = {
  /** `image`, `backup`. */
  what: string;
  refuse(reason: ArchiveFault, message: string, help?: string): Error;
};
export type ArchiveFault = 'broken' | 'hostile' | 'unsupported' | 'too-big' | 'no-space';
