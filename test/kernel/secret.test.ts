import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.js';

describe('Secret', () => {
  it('reads [secret] in every kind of output', () => {
    const secret = new Secret('hunter2');
    expect([
      `${secret}`,
      JSON.stringify({ secret }),
      inspect([secret]),
      inspect(new Map([[secret, secret]])),
    ]).toEqual(['[secret]', '{"secret":"[secret]"}', '[ [secret] ]', 'Map(1) { [secret] => [secret] }']);
  });
});
