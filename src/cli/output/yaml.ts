/** YAML, loaded only when a command needs it: the parser costs 10 ms. */
export async function toYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0, indentSeq: false });
}

export async function fromYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text);
}
