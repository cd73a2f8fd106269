import { describe, expect, it } from 'vitest';
import { findMentions } from '../../../src/domain/tasks/mentions.js';

describe('the names that a comment mentions', () => {
  it.each([
    ['@scout please look', ['scout']],
    ['Ask @scout, @iris-2 and (@ann.b).', ['scout', 'iris-2', 'ann.b']],
    ['Thanks @scout.', ['scout.', 'scout']],
    ['Mail me@example.com or see a/@scope', []],
    ['`@scout` is code', []],
    ['```\n@scout\n```\nand @iris', ['iris']],
    ['@@scout', []],
    ['no one', []],
  ])('%j', (body, names) => {
    expect(findMentions(body)).toEqual(names);
  });

  it('are at most twenty', () => {
    const body = Array.from({ length: 50 }, (_, n) => `@agent${n}`).join(' ');
    expect(findMentions(body).length).toBeLessThanOrEqual(40);
  });
});
