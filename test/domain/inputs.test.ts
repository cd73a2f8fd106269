import { describe, expect, it } from 'vitest';
import { checkFields, FIELDS, type FieldName, findMistakes, refuse } from '../../src/domain/inputs.js';
import { LIMITS } from '../../src/domain/limits.js';
import { Refusals } from '../../src/domain/refusals.js';

type Check = readonly [form: FieldName, path: string, value: unknown];

function refused(...checks: Check[]): string[] {
  try {
    refuse(checks.flatMap(([form, path, value]) => findMistakesAt(path.split('.'), form, value)));
    return [];
  } catch (error) {
    if (error instanceof Refusals) return error.refusals.map((each) => each.message);
    throw error;
  }
}

function findMistakesAt(path: readonly string[], form: FieldName, value: unknown) {
  const field = path.at(-1) ?? '';
  return findMistakes({ [field]: value }, [[field, form]], path.slice(0, -1));
}

const TEXTS: readonly (readonly [FieldName, number])[] = [
  ['title', LIMITS.titleLength],
  ['description', LIMITS.descriptionLength],
  ['resolution', LIMITS.resolutionLength],
  ['body', LIMITS.commentLength],
  ['feedback', LIMITS.feedbackLength],
  ['error', LIMITS.errorLength],
  ['reason', LIMITS.progressLength],
  ['message', LIMITS.progressLength],
  ['idempotencyKey', LIMITS.idempotencyKeyLength],
  ['keyName', LIMITS.keyNameLength],
  ['soul', LIMITS.soulLength],
];

describe('text', () => {
  it.each(TEXTS)('%s may have %i characters at most', (field, max) => {
    expect(refused([field, field, 'x'.repeat(max)])).toEqual([]);
    expect(refused([field, field, 'x'.repeat(max + 1)])).toEqual([
      `${field} may have ${max} characters at most.`,
    ]);
  });

  it('may contain everything except U+0000 and lone surrogates', () => {
    for (const [field] of TEXTS) {
      expect(refused([field, field, `‮ 👩‍👩‍👧 \u0001 \uffff '; DROP TABLE tasks; --`])).toEqual([]);
      expect(refused([field, field, 'a\u0000b'])).toEqual([`${field} may not contain the character U+0000.`]);
      for (const half of ['a\ud83d', '\udc69b', 'a\udc69\ud83d b']) {
        expect(refused([field, field, half])).toEqual([`${field} may not contain half of a surrogate pair.`]);
      }
    }
  });

  it('of a title, a comment, a resolution or an error may not be blank', () => {
    for (const field of ['title', 'body', 'resolution', 'error', 'message', 'idempotencyKey'] as const) {
      expect(refused([field, field, ' \n\t '])).toEqual([`${field} may not be empty.`]);
      expect(refused([field, field, ''])).toEqual([`${field} may not be empty.`]);
    }
    expect(refused(['description', 'description', ''], ['feedback', 'feedback', ''])).toEqual([]);
  });
});

describe('numbers', () => {
  const max32 = 2_147_483_647;
  it.each([
    ['maxCapacity', [1, 100], [0, -1, 101, 1e9, 1.5, Number.NaN]],
    ['lease', [10_000, 86_400_000], [9_999, 86_400_001, 1e9, -1, 10_000.5, Number.POSITIVE_INFINITY]],
    ['waitSeconds', [0, 60], [-1, 61, 1e9, 0.5]],
    ['percent', [0, 33.3, 100], [-0.1, 100.1, Number.NaN]],
    ['timeoutMs', [1_000, 86_400_000], [999, 86_400_001, 1_000.5]],
    ['tokens', [0, 1e9, max32], [-1, max32 + 1, 1e10, 0.5]],
    ['costUsd', [0, 0.001, 1e9], [-0.01, Number.NaN, Number.POSITIVE_INFINITY]],
  ] as const)('%s has its bounds', (field, good, bad) => {
    expect(good.filter((value) => refused([field, field, value]).length > 0)).toEqual([]);
    expect(bad.filter((value) => refused([field, field, value]).length === 0)).toEqual([]);
  });

  it('of wrong types are refused and not converted', () => {
    for (const field of ['maxCapacity', 'lease', 'waitSeconds', 'percent'] as const) {
      for (const value of ['3', true, {}, [], 3n]) expect(refused([field, field, value])).toHaveLength(1);
    }
  });
});

describe('instants', () => {
  it('must lie between 1970 and 9999', () => {
    const good = [new Date(0), new Date('9999-12-31T23:59:59.999Z')];
    const bad = [new Date(-1), new Date(253_402_300_800_000), new Date(Number.NaN), '2030-01-01', 0];
    expect(good.filter((value) => refused(['dueAt', 'dueAt', value]).length > 0)).toEqual([]);
    expect(bad.filter((value) => refused(['startsAt', 'startsAt', value]).length === 0)).toEqual([]);
  });
});

describe('lists', () => {
  it('have a limited length, and refusals name the wrong entry', () => {
    expect(refused(['tags', 'tags', Array.from({ length: 50 }, (_, i) => `tag ${i}`)])).toEqual([]);
    expect(refused(['tags', 'tags', Array(51).fill('x')])).toEqual(['tags may have 50 entries at most.']);
    expect(refused(['tags', 'input.tags', ['fine', '', 'x'.repeat(101)]])).toEqual([
      'input.tags.1 may not be empty.',
      'input.tags.2 may have 100 characters at most.',
    ]);
    expect(refused(['capabilities', 'capabilities', Array(101).fill('x')])).toHaveLength(1);
  });
});

describe('metadata', () => {
  it.each([
    ['an integer beyond 2^53', JSON.parse('{"a": [9007199254740993]}'), 'integers beyond 9007199254740991'],
    ['a number beyond all floating point numbers', JSON.parse('{"a": {"b": 1e400}}'), 'beyond 1.8e308'],
    ['negative zero', JSON.parse('{"a": -0}'), '-0: send 0'],
    ['the key __proto__', JSON.parse('{"a": {"__proto__": 1}}'), 'the key __proto__'],
    ['the key __proto__ at the top', JSON.parse('{"__proto__": 1}'), 'the key __proto__'],
  ])('is refused with %s, because it could not be kept as it was given', (_what, value, reason) => {
    expect(refused(['metadata', 'metadata', value])).toEqual([expect.stringContaining(reason)]);
  });

  it('keeps numbers that floating point numbers can hold', () => {
    const value = {
      least: -9007199254740991,
      most: 9007199254740991,
      small: 5e-324,
      large: 1.5e15,
      half: 0.5,
    };
    expect(refused(['metadata', 'metadata', value])).toEqual([]);
  });

  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });

  it('may have 64 KiB of JSON at most', () => {
    const rest = LIMITS.metadataBytes - JSON.stringify({ a: '' }).length;
    expect(refused(['metadata', 'metadata', { a: 'x'.repeat(rest) }])).toEqual([]);
    expect(refused(['metadata', 'metadata', { a: 'x'.repeat(rest + 1) }])).toEqual([
      'metadata may have 65536 bytes of JSON at most.',
    ]);
    expect(refused(['metadata', 'metadata', { a: 'é'.repeat(rest / 2 + 1) }])).toHaveLength(1);
  });

  it('may be nested up to the depth limit of the API', () => {
    expect(refused(['metadata', 'metadata', nested(20)])).toEqual([]);
    expect(refused(['metadata', 'metadata', nested(21)])).toEqual([
      'metadata may be 20 levels deep at most.',
    ]);
    expect(refused(['metadata', 'metadata', nested(6_000)])).toHaveLength(1);
  });

  it('may contain neither U+0000 nor lone surrogates, even in keys', () => {
    for (const wrong of ['\u0000', '\ud800']) {
      expect(refused(['metadata', 'metadata', { a: [{ b: `x${wrong}` }] }])).toHaveLength(1);
      expect(refused(['metadata', 'metadata', { a: { [wrong]: 1 } }])).toHaveLength(1);
    }
  });

  it('may contain text that only looks like an escape', () => {
    expect(refused(['metadata', 'metadata', { pattern: '\\u0000 \\ud800', emoji: '👩‍👩‍👧' }])).toEqual([]);
  });

  it('must be an object', () => {
    for (const value of [[], 'text', 1, true])
      expect(refused(['metadata', 'metadata', value])).toHaveLength(1);
  });
});

describe('names', () => {
  it.each([
    ['a', true],
    ['Z9._-x', true],
    ['x'.repeat(63), true],
    ['x'.repeat(64), false],
    ['', false],
    ['-a', false],
    ['_a', false],
    ['a b', false],
    ['a\n', false],
    ['ä', false],
    ['a\u0000', false],
  ])('%j is an agent name: %s', (name, good) => {
    expect(refused(['agentName', 'name', name])).toHaveLength(good ? 0 : 1);
  });
});

describe('all checks', () => {
  it('accept null and undefined', () => {
    for (const field of Object.keys(FIELDS) as FieldName[]) {
      expect(refused([field, field, null], [field, field, undefined])).toEqual([]);
    }
  });

  it('name all mistakes at once, each with its path', () => {
    expect(() =>
      refuse([
        ...findMistakes({ title: '' }, ['title'], ['inputs', '0']),
        ...findMistakes({ inputTokens: -1 }, [['inputTokens', 'tokens']], ['inputs', '1', 'usage']),
      ]),
    ).toThrow('inputs.0.title may not be empty. inputs.1.usage.inputTokens must be 0 or more.');
  });

  it('name a field by its own name if its schema has another', () => {
    expect(() => checkFields({ name: '', soul: 'x' }, [['name', 'pipelineName'], 'soul'])).toThrow(
      'name must begin with a letter or digit',
    );
  });

  it('find no mistake in a missing object', () => {
    const input: { readonly usage?: { readonly costUsd: number } | null } = {};
    expect(findMistakes(input.usage, ['costUsd'], ['usage'])).toEqual([]);
  });
});
