/** `node tools/terminal-picture.ts < TEXT > FILE.svg`: a picture of a terminal with this text, for README. */
import { readFileSync } from 'node:fs';

const columnWidth = 8.4;
const lineHeight = 18;
const margin = 16;
const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string) => text.replace(/[&<>]/g, (sign) => escapes[sign] ?? sign);

const lines = readFileSync(0, 'utf8').trimEnd().split('\n');
const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * columnWidth + 2 * margin);
const height = lines.length * lineHeight + 2 * margin + 18;
const colour = (line: string) => (line.startsWith('$') ? '#7ee787' : line.startsWith('✓') ? '#79c0ff' : '#e6edf3');
const texts = lines.map(
  (line, index) =>
    `<text x="${margin}" y="${margin + 32 + index * lineHeight}" fill="${colour(line)}" xml:space="preserve">${escaped(line)}</text>`,
);
const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
  (fill, index) => `<circle cx="${margin + 4 + index * 16}" cy="14" r="5" fill="${fill}"/>`,
);
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img" aria-label="A terminal: npm start, gast list, gast exec">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${dots.join('')}
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, monospace" font-size="14">
${texts.join('\n')}
</g>
</svg>
`);
