/** Routes that move an image's files: download, secret, push to another server, refresh from its source. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import { findByFingerprint, findImage } from './find.ts';
import { imageBody } from './image-body.ts';
import { pushImage } from './remote/push.ts';
import { refreshImage } from './remote/refresh.ts';
import { addressOf } from './remote/source.ts';
import { createImageToken, findReadToken } from './secrets.ts';
import { imageUrl } from './view.ts';
import { findVisible } from './visible.ts';

type One = '/1.0/images/{fingerprint}';
type Own = Pick<Handlers<Routes>, `${'GET' | 'POST'} ${One}/export` | `POST ${One}/secret` | `POST ${One}/refresh`>;

export function imageFileHandlers(house: House): Own {
  return {
    async 'GET /1.0/images/{fingerprint}/export'({ params, query, project, identity }) {
      const secret = query.secret ?? '';
      const doc = findVisible(house, project, params.fingerprint, identity, secret);
      const { body, contentType, sizeBytes, filename } = await imageBody(house, doc);
      const token = findReadToken(house, project, doc.fingerprint, secret);
      // Good for one download.
      if (token) house.operations.cancel(token.id);
      house.events.lifecycle(project, {
        action: 'image-retrieved',
        source: imageUrl(doc.fingerprint, project),
        name: doc.fingerprint,
      });
      const named = filename === undefined ? {} : { 'Content-Disposition': `inline;filename=${filename}` };
      const sized = filename === undefined ? {} : { 'Content-Length': String(sizeBytes) };
      return { headers: { 'Content-Type': contentType, ...sized, ...named, 'X-Incus-Type': 'incus' }, body };
    },
    'POST /1.0/images/{fingerprint}/export'({ params, body, project }) {
      // Clients name a public image by its alias.
      const doc = findImage(house, project, params.fingerprint);
      const target = {
        server: body.target,
        certificate: body.certificate ?? '',
        secret: body.secret ?? '',
        project: body.project ?? '',
        aliases: body.aliases ?? [],
        profiles: body.profiles ?? [],
      };
      addressOf(target);
      return house.operations.start(
        { description: 'Downloading image', project, resources: {}, mayCancel: true },
        async (task) => {
          await pushImage(house, doc, target, task);
          house.events.lifecycle(project, {
            action: 'image-retrieved',
            source: imageUrl(doc.fingerprint, project),
            name: doc.fingerprint,
            context: { target: target.server },
          });
        },
      );
    },
    'POST /1.0/images/{fingerprint}/secret'({ params, project }) {
      const { fingerprint } = findByFingerprint(house, project, params.fingerprint);
      const token = createImageToken(house, project, fingerprint);
      house.events.lifecycle(project, {
        action: 'image-secret-created',
        source: imageUrl(fingerprint, project),
        name: fingerprint,
      });
      return token;
    },
    'POST /1.0/images/{fingerprint}/refresh'({ params, project }) {
      const doc = findByFingerprint(house, project, params.fingerprint);
      if (!doc.updateSource) return fail('image.no-update');
      return house.operations.start(
        {
          description: 'Refreshing image',
          project,
          resources: { images: [imageUrl(doc.fingerprint, project)] },
          mayCancel: true,
        },
        async (task) => {
          const refreshed = await refreshImage(house, doc, task);
          task.setMetadata({ refreshed });
          if (!refreshed) return;
          house.events.lifecycle(project, {
            action: 'image-refreshed',
            source: imageUrl(doc.fingerprint, project),
            name: doc.fingerprint,
          });
        },
      );
    },
  };
}
