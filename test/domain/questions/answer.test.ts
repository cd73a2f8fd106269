import { describe, expect, it } from 'vitest';
import { describeAnswer, isSameAnswer, toStoredAnswer } from '../../../src/domain/questions/answer.js';

const options = [
  { key: 'pg', label: 'PostgreSQL' },
  { key: 'lite', label: 'SQLite' },
];

describe('an answer in words', () => {
  it.each([
    [{ text: 'On port 5432.' }, 'On port 5432.'],
    [{ confirmed: false, text: 'Not yet.' }, 'No.\n\nNot yet.'],
    [{ confirmed: true }, 'Yes.'],
    [{ choices: ['pg', 'gone'] }, 'pg (PostgreSQL), gone (gone)'],
  ])('%j', (answer, words) => {
    expect(describeAnswer({ options }, answer)).toBe(words);
  });
});

describe('two answers', () => {
  it('are the same if they choose the same options in any order', () => {
    expect(isSameAnswer({ choices: ['a', 'b'] }, { choices: ['b', 'a'], text: null })).toBe(true);
    expect(isSameAnswer({ choices: ['a'] }, { choices: ['a', 'b'] })).toBe(false);
    expect(isSameAnswer({ confirmed: false }, {})).toBe(false);
  });

  it('are stored without the fields that were not given', () => {
    expect(toStoredAnswer({ text: null, choices: ['a'], confirmed: undefined })).toEqual({ choices: ['a'] });
  });
});
