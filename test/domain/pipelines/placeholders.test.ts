import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fillPlaceholders,
  listPlaceholders,
  measureFilled,
  parseVariables,
} from '../../../src/domain/pipelines/placeholders.js';
import { Refusals } from '../../../src/domain/refusals.js';

const named = (variables: Record<string, unknown>, names: string[]) => {
  try {
    return [...parseVariables(variables, names)];
  } catch (error) {
    if (!(error instanceof Refusals)) throw error;
    return error.refusals.map(({ path }) => path?.join('.'));
  }
};

describe('placeholders', () => {
  it('are names in double braces, and all other braces are ordinary text', () => {
    const text = '{{topic}} {{ topic }} {{a.b-c_1}} {{ two words }} {{}} {{1st}} {topic} {{{deep}}} {{#if}}';
    expect(listPlaceholders([text])).toEqual(['topic', 'a.b-c_1', 'deep']);
    const values = new Map([
      ['topic', 'X'],
      ['deep', 'Y'],
    ]);
    expect(fillPlaceholders(text, values)).toBe(
      'X X {{a.b-c_1}} {{ two words }} {{}} {{1st}} {topic} {Y} {{#if}}',
    );
  });

  it('are replaced by their values, in which placeholders are not replaced', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const values = new Map([
          ['a', `${a}{{b}}$&`],
          ['b', b],
        ]);
        expect(fillPlaceholders('<{{a}}|{{b}}>', values)).toBe(`<${a}{{b}}$&|${b}>`);
      }),
    );
  });

  it('are measured as they are replaced', () => {
    const part = fc.oneof(fc.constantFrom('{{a}}', '{{ b }}', '{{c}}', '{{', '}}'), fc.string());
    fc.assert(
      fc.property(fc.array(part), fc.string(), fc.string(), (parts, a, b) => {
        const values = new Map([
          ['a', a],
          ['b', b],
        ]);
        const text = parts.join('');
        expect(measureFilled(text, values)).toBe(fillPlaceholders(text, values).length);
      }),
    );
  });

  it('are found quickly in hostile text', () => {
    expect(listPlaceholders(['{{'.repeat(50_000), `{{${' '.repeat(100_000)}`])).toEqual([]);
  });
});

describe('variables', () => {
  it('are texts, numbers and booleans', () => {
    expect(named({ a: 'x', b: 1.5, c: false }, ['a', 'b', 'c'])).toEqual([
      ['a', 'x'],
      ['b', '1.5'],
      ['c', 'false'],
    ]);
    expect(named({ a: null, b: [], c: {} }, ['a', 'b', 'c'])).toEqual([
      'variables.a',
      'variables.b',
      'variables.c',
    ]);
  });

  it('must match the placeholders exactly', () => {
    expect(named({ tpoic: 'x' }, ['topic', 'else'])).toEqual(['variables', 'variables.tpoic']);
    expect(() => parseVariables({ tpoic: 'x' }, ['topic', 'else'])).toThrow(
      'Variables are missing: topic, else. The pipeline has no placeholder {{tpoic}}. Did you mean topic?',
    );
    expect(named({}, ['constructor'])).toEqual(['variables']);
  });
});
