/** Who may use an instance: every trusted certificate, unless it is confined to other projects or to the metrics. */
import type { Handlers } from '../../api/handlers.ts';
import type { instanceAccessRoutes } from '../../api/resources/instance-access.ts';
import type { House } from '../house.ts';
import type { CertificateDoc } from '../model.ts';
import { findInstance } from './find.ts';

export function accessHandlers(house: Pick<House, 'documents'>): Handlers<typeof instanceAccessRoutes> {
  return {
    'GET /1.0/instances/{name}/access'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      return house.documents.list<CertificateDoc>('certificates/').flatMap((certificate) => {
        const { fingerprint: identifier, type, restricted, projects } = certificate;
        if (type !== 'client' || (restricted && !projects.includes(doc.project))) return [];
        return [{ identifier, role: restricted ? 'operator' : 'admin', provider: 'tls' }];
      });
    },
  };
}
