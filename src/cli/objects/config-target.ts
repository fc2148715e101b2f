/** `config set [NAME] key=value...`: a first word without "=" is a guest, unless it is `key value` of the server. Pure. */
import { type Editable, instance, server } from './editable.ts';

export function splitTarget(words: readonly string[]): { target: Editable; words: string[] } {
  const [first = '', second] = words;
  // `config set core.https_address :8443`: two words, and the first looks like a key of the server.
  const isServerKey =
    /^(core|images|user|storage|network|backups|cluster|loki|maas|oidc|acme|openfga|instances)\./.test(first);
  if (first.includes('=') || (words.length === 2 && isServerKey && !second?.includes('=')))
    return { target: server, words: [...words] };
  return { target: instance(first), words: words.slice(1) };
}
