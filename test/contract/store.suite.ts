/** The laws of core/ports/store.ts, held against every implementation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Commit, type Store, StoreConflict } from '../../src/core/ports/store.ts';

/** `open` gives a new empty store. */
export function storeSuite(name: string, open: () => Promise<Store>): void {
  const law = (text: string, check: (store: Store) => Promise<void>) =>
    test(`${name} store: ${text}`, async () => {
      await using store = await open();
      await check(store);
    });

  law('gives back what was put, and nothing for what was not', async (store) => {
    const value = {
      a: [1, 2.5, null, 'ü\u{1f3e8}', { b: false }],
      __proto__x: {},
      '': 'empty key',
      long: 'x'.repeat(1e5),
    };
    const { revision } = await store.commit([{ put: 'instances/1', value }]);
    assert.deepEqual(await store.get('instances/1'), { key: 'instances/1', revision, value });
    assert.equal(await store.get('instances/2'), undefined);
    for (const plain of [null, 0, '', false, [], {}]) {
      await store.commit([{ put: 'plain', value: plain }]);
      assert.deepEqual((await store.get('plain'))?.value, plain);
    }
  });

  law('keeps its documents apart from the values that go in and come out', async (store) => {
    const value = { list: [1] };
    const seen: Commit[] = [];
    using _first = store.watch((commit) => void commit.puts.pop());
    using _watch = store.watch((commit) => void seen.push(commit));
    const commit = await store.commit([{ put: 'k', value }]);
    value.list.push(2);
    const read = await store.get('k');
    for (const doc of [read, commit.puts[0]]) {
      assert.ok(doc);
      (doc.value as typeof value).list.push(3);
    }
    assert.deepEqual((await store.get('k'))?.value, { list: [1] });
    assert.deepEqual((await store.list(''))[0]?.value, { list: [1] });
    assert.deepEqual(seen[0]?.puts[0]?.value, { list: [1] });
  });

  law('numbers its commits upwards, one number per commit', async (store) => {
    const first = await store.commit([
      { put: 'a', value: 1 },
      { put: 'b', value: 1 },
    ]);
    const second = await store.commit([{ put: 'a', value: 2 }]);
    const third = await store.commit([{ delete: 'b' }]);
    assert.ok(first.revision > 0 && second.revision > first.revision && third.revision > second.revision);
    assert.equal((await store.get('a'))?.revision, second.revision);
    assert.deepEqual(
      first.puts.map((doc) => doc.revision),
      [first.revision, first.revision],
    );
    assert.deepEqual(third, { revision: third.revision, puts: [], deletes: ['b'] });
  });

  law('lists by prefix, ordered by code units', async (store) => {
    const keys = ['a/2', 'a/10', 'a/\u{1f600}', 'a/\uffee', 'a/B', 'a/b', 'b/1', 'a', 'a0', 'A/1'];
    await store.commit(keys.map((put) => ({ put, value: put })));
    const listed = async (prefix: string) => (await store.list(prefix)).map((doc) => doc.key);
    assert.deepEqual(await listed('a/'), keys.filter((key) => key.startsWith('a/')).sort());
    assert.deepEqual(await listed(''), keys.toSorted());
    assert.deepEqual(await listed('c'), []);
    assert.deepEqual(await listed('a/%'), []);
  });

  law('commits all or nothing when an expectation fails', async (store) => {
    const { revision } = await store.commit([{ put: 'a', value: 1 }]);
    await store.commit([{ put: 'a', value: 2, expect: revision }]);
    const stale = store.commit([
      { put: 'b', value: 1 },
      { delete: 'a', expect: revision },
    ]);
    await assert.rejects(stale, (error) => error instanceof StoreConflict && error.key === 'a');
    await assert.rejects(store.commit([{ put: 'a', value: 3, expect: 0 }]), StoreConflict);
    await assert.rejects(store.commit([{ put: 'c', value: 3, expect: 7 }]), StoreConflict);
    assert.deepEqual(
      (await store.list('')).map((doc) => [doc.key, doc.value]),
      [['a', 2]],
    );
    await store.commit([{ put: 'c', value: 3, expect: 0 }]);
  });

  law('lets one of many racing writers win', async (store) => {
    const { revision } = await store.commit([{ put: 'counter', value: 0 }]);
    const race = Array.from({ length: 20 }, (_, value) => store.commit([{ put: 'counter', value, expect: revision }]));
    const results = await Promise.allSettled(race);
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
  });

  law('refuses several changes to one key, unsound keys and values that are not JSON', async (store) => {
    const twice = [{ put: 'a', value: 1 }, { delete: 'a' }];
    await assert.rejects(store.commit(twice), /several changes/);
    for (const key of ['', 'a\0b', 'x'.repeat(513), '\ud800', 'a\u{10ffff}'])
      await assert.rejects(store.commit([{ put: key, value: 1 }]), /not a document key/);
    const circle: unknown[] = [];
    circle.push(circle);
    const bad = [undefined, Number.NaN, 1n, () => 1, new Date(), new Map(), { a: Symbol('s') }, [undefined], circle];
    for (const value of bad) await assert.rejects(store.commit([{ put: 'a', value }]), TypeError);
    await assert.rejects(store.commit([{ put: 'a', value: { a: { b: [Infinity] } } }]), TypeError);
    assert.deepEqual(await store.list(''), []);
    await store.commit([{ put: 'a', value: { kept: 1, left: undefined } }]);
    assert.deepEqual((await store.get('a'))?.value, { kept: 1 });
  });

  law('tells listeners of every commit once, in order, own commits included', async (store) => {
    const [first, second]: number[][] = [[], []];
    using _one = store.watch((commit) => {
      first?.push(commit.revision);
      // A commit out of a listener must not overtake the running one at the other listener.
      if (commit.puts[0]?.key === 'cause') void store.commit([{ put: 'effect', value: 1 }]);
    });
    const two = store.watch((commit) => void second?.push(commit.revision));
    const start = await store.commit([{ put: 'cause', value: 1 }]);
    await assert.rejects(store.commit([{ put: 'cause', value: 1, expect: 0 }]));
    const next = await store.commit([{ put: 'x', value: 1 }]);
    assert.deepEqual(first, [start.revision, next.revision - 1, next.revision]);
    assert.deepEqual(second, first);
    two[Symbol.dispose]();
    await store.commit([{ delete: 'x' }]);
    assert.equal(second?.length, 3);
    assert.equal(first?.length, 4);
  });

  law('shows a listener the state after its commit', async (store) => {
    let seen: Promise<unknown> | undefined;
    using _watch = store.watch((commit) => {
      seen = store.get(commit.puts[0]?.key ?? '').then((doc) => doc?.value);
    });
    await store.commit([{ put: 'k', value: 'new' }]);
    assert.equal(await seen, 'new');
  });

  law('takes a thousand changes in one commit', async (store) => {
    const changes = Array.from({ length: 1000 }, (_, index) => ({ put: `many/${index}`, value: { index } }));
    const commit = await store.commit(changes);
    assert.equal(commit.puts.length, 1000);
    assert.equal((await store.list('many/')).length, 1000);
    await store.commit(changes.map(({ put }) => ({ delete: put })));
    assert.deepEqual(await store.list(''), []);
  });

  test(`${name} store: refuses work after it was closed`, async () => {
    const store = await open();
    await store[Symbol.asyncDispose]();
    await assert.rejects(store.get('a'), /closed/);
    await assert.rejects(store.commit([{ put: 'a', value: 1 }]), /closed/);
  });
}
