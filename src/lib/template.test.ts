/** Image templates: what real images use renders as in Incus, and hostile ones end in an error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTemplate } from './template.ts';

const values = {
  container: { name: 'web', privileged: false },
  trigger: 'start',
  properties: { default: 'x', os: 'Debian' },
  list: ['a', 'b'],
  config_get: (key: unknown, fallback: unknown) => (key === 'user.known' ? 'yes' : (fallback as string)),
};
const render = (source: string) => renderTemplate(source, values);

test('renderTemplate: names, members and unknown names', () => {
  assert.equal(render('127.0.1.1 {{ container.name }}\n'), '127.0.1.1 web\n');
  assert.equal(render('[{{ nothing }}{{ container.none.deeper }}]'), '[]');
  assert.equal(render('[{{ container.constructor }}{{ constructor }}{{ config_get }}{{ list.length }}]'), '[]');
  assert.equal(render('{{ properties["os"] }}{# comment #}'), 'Debian');
});

test('renderTemplate: filters and functions', () => {
  assert.equal(render('{{ nothing|default:"d" }} {{ nothing|default("e")|upper }}'), 'd E');
  assert.equal(
    render('{{ config_get("user.known", "no") }} {{ config_get("x", "no") }} [{{ config_get("x", "") }}]'),
    'yes no []',
  );
  assert.equal(render('{{ list|join:", " }}'), 'a, b');
});

test('renderTemplate: conditions and loops', () => {
  const source =
    '{% if config_get("x", "") == "" %}{% if trigger == "start" and not container.privileged %}A{% else %}B{% endif %}{% endif %}';
  assert.equal(render(source), 'A');
  assert.equal(render('{% if nothing %}1{% elif 2 > 1 %}2{% else %}3{% endif %}'), '2');
  assert.equal(render('{% for x in list %}{{ forloop.Counter }}{{ x }} {% endfor %}'), '1a 2b ');
  assert.equal(render('{% for k, v in properties %}{{ k }}={{ v }};{% endfor %}'), 'default=x;os=Debian;');
  assert.equal(render('{% for x in nothing %}{% empty %}none{% endfor %}'), 'none');
  assert.equal(render('a\n{%- if true -%}\n b \n{%- endif %}'), 'ab');
  assert.equal(render('{% autoescape off %}{{ "<&>" }}{% endautoescape %}'), '<&>');
  assert.equal(render('{% set n = "v" %}{{ n }}'), 'v');
});

test('renderTemplate: broken and hostile templates end in an error that says why', () => {
  assert.throws(() => render('{% if x %}'), /endif is missing/);
  assert.throws(() => render('{% include "/etc/shadow" %}'), /unknown tag/);
  assert.throws(() => render('{{ x|exec }}'), /unknown filter/);
  assert.throws(() => render('{{ a b }}'), /cannot read/);
  assert.throws(() => render('{% if 1 %}'.repeat(100)), /nested too deep/);
  const many = Array.from({ length: 1000 }, () => 'x');
  const twice = '{% for a in many %}{% for b in many %}{{ a }}{% endfor %}{% endfor %}';
  assert.throws(() => renderTemplate(twice, { many }), /takes too long|more than/);
});
