/** Archives of images, as the checks of archives speak of them. */
import type { ArchiveSubject } from '../archives/subject.ts';
import { ImageRefused } from '../core/ports/images.ts';

export const imageArchive: ArchiveSubject = {
  what: 'image',
  refuse: (reason, message, help) => new ImageRefused(reason, message, help),
};
