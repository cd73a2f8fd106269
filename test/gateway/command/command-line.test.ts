import { describe, expect, it } from 'vitest';
import { fillCommandLine } from '../../../src/gateway/command/command-line.js';
import { aCall } from '../conformance.js';

const fill = (template: string[], more = {}) => fillCommandLine(template, aCall('Do it.', more)).argv;

describe('the command line', () => {
  it('fills in model, agent and standing instruction at every place', () => {
    expect(
      fill(['run', '--model', '{{model}}', '-a{{agent}}', '{{agent}}/{{agent}}', '{{soul}}'], {
        soul: 'Be kind.',
      }),
    ).toEqual(['run', '--model', 'stub/fast', '-aScout', 'Scout/Scout', 'Be kind.']);
    expect(fill(['run', '{{agent}}'], { gatewayAgentId: 'scout-2' })).toEqual(['run', 'scout-2']);
  });

  it('omits the option of a model that is not chosen', () => {
    const none = { model: null };
    expect(fill(['claude', '-p', '--model', '{{model}}', '--verbose'], none)).toEqual([
      'claude',
      '-p',
      '--verbose',
    ]);
    expect(fill(['claude', '--model={{model}}', '-p'], none)).toEqual(['claude', '-p']);
    expect(fill(['run', 'ask', '{{model}}'], none)).toEqual(['run', 'ask']);
  });

  it('does not change other text, such as `{{` and `$`', () => {
    expect(fill(['run', '{{other}}', '$HOME', '{{ model }}'])).toEqual([
      'run',
      '{{other}}',
      '$HOME',
      '{{ model }}',
    ]);
    expect(fill(['run', '{{model}}'], { model: '$&{{agent}}' })).toEqual(['run', '$&{{agent}}']);
  });

  it('refuses a name that the program would read as an option', () => {
    expect(() => fill(['run', '{{model}}'], { model: '--dangerously' })).toThrow(RangeError);
    expect(fill(['run', '--model={{model}}'], { model: '--fine' })).toEqual(['run', '--model=--fine']);
  });

  it.each(['- Be kind.', '--dangerously-skip-permissions', '---\nname: Scout\n---', '-'])(
    'does not let the standing instruction %j pass for an option',
    (soul) => {
      expect(fill(['run', '{{soul}}'], { soul })).toEqual(['run', `\n${soul}`]);
      expect(fill(['run', '{{soul}} {{agent}}'], { soul })).toEqual(['run', `\n${soul} Scout`]);
      expect(fill(['run', '--system={{soul}}'], { soul })).toEqual(['run', `--system=${soul}`]);
    },
  );

  it('refuses every other value that would begin an argument like an option', () => {
    const names = { gatewayAgentId: '-rf', soul: '-x' };
    for (const part of ['{{agent}}', '{{agent}}{{soul}}', '{{agent}}.txt'])
      expect(() => fill(['run', part], names), part).toThrow(RangeError);
    expect(fill(['run', 'a{{agent}}'], names)).toEqual(['run', 'a-rf']);
  });

  it('puts the standing instruction before the prompt unless an argument contains it', () => {
    const call = aCall('Do it.', { soul: 'Be kind.' });
    expect(fillCommandLine(['run'], call).input).toBe('Be kind.\n\nDo it.');
    expect(fillCommandLine(['run', '{{soul}}'], call).input).toBe('Do it.');
    expect(fillCommandLine(['run'], aCall('Do it.')).input).toBe('Do it.');
  });
});
