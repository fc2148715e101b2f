/** Finds in the host's apt sources (both formats) the mirrors that it takes Debian from. Pure. */
/** Without `security` the host takes no security updates from anywhere; nor will its guests. */
export type DebianMirrors = { main: string; security?: string };

type Source = { uris: string[]; suites: string[]; components: string[] };

/** A release's own suite, updates or backports of it; `foo-security` is elsewhere. */
const mainSuite = /^(stable|testing|unstable|sid|bookworm|trixie|forky|duke)(-updates|-backports)?$/;
const securitySuite = /^(stable|testing|bookworm|trixie|forky|duke)-security$/;

/** Undefined when the host takes Debian from nowhere. */
export function findMirrors(texts: readonly string[]): DebianMirrors | undefined {
  const sources = texts.flatMap((text) => [...oneLineSources(text), ...deb822Sources(text)]);
  const find = (suite: RegExp) =>
    sources
      .filter(({ suites, components }) => suites.some((name) => suite.test(name)) && components.includes('main'))
      .flatMap(({ uris }) => uris.map((uri) => uri.replace(/\/+$/, '')))
      .find((uri) => /^https?:\/\/[^\s'"\\]+$/.test(uri));
  const main = find(mainSuite);
  const security = find(securitySuite);
  return main === undefined ? undefined : { main, ...(security === undefined ? {} : { security }) };
}

/** `deb [options] URI SUITE COMPONENT...` */
function oneLineSources(text: string): Source[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line);
    const [, uri, suite, components] = match ?? [];
    return uri && suite && components ? [{ uris: [uri], suites: [suite], components: words(components) }] : [];
  });
}

/** Stanzas of `Types:`, `URIs:`, `Suites:`, `Components:`. */
function deb822Sources(text: string): Source[] {
  return text
    .replace(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const unfolded = stanza.replace(/\n[ \t]+/g, ' ');
      const field = (name: string) => words(new RegExp(`^${name}:(.*)$`, 'im').exec(unfolded)?.[1] ?? '');
      const isBinary = field('Types').includes('deb') && field('Enabled')[0] !== 'no';
      return isBinary ? [{ uris: field('URIs'), suites: field('Suites'), components: field('Components') }] : [];
    });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Of the host's apt settings (`apt-config dump`) those that a download needs: proxies, certificates, checks, patience. */
export function downloadOptions(dump: string): string[] {
  const wanted =
    /^Acquire::(?:https?(?:::[^\s:]+)?::(?:Proxy|CaInfo|CAInfo|CaPath|SslCert|SslKey|Timeout)|Retries|Check-Valid-Until|Check-Date|ForceIPv4|ForceIPv6) "[^"\n]*";$/;
  return dump.split('\n').filter((line) => wanted.test(line) && !line.endsWith(' "";'));
}
