import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readProgramQuestion } from '../../../src/domain/questions/program-question.js';
import { parseQuestion } from '../../../src/domain/questions/question.js';
import { parseQuestionForm, questionCodeOf } from '../../../src/domain/questions/question-form.js';

const CODE = '4F7K2Q';

describe('the question in the answer of a gateway', () => {
  it.each([
    ['QUESTION-4F7K2Q: Which port?', { text: 'Which port?', kind: 'TEXT' }],
    [
      'I looked.\n\n**QUESTION-4F7K2Q:** Which port?\nAnd why?',
      { text: 'Which port?\nAnd why?', kind: 'TEXT' },
    ],
    ['## Question-4f7k2q: Which port?', { text: 'Which port?', kind: 'TEXT' }],
    ['CONFIRM-4F7K2Q: Delete it?', { text: 'Delete it?', kind: 'CONFIRM' }],
    ['```\nQUESTION-4F7K2Q: Which port?\n```', { text: 'Which port?', kind: 'TEXT' }],
    ['Which of the two ports?\nQUESTION-4F7K2Q:', { text: 'Which of the two ports?', kind: 'TEXT' }],
    [
      'QUESTION-4F7K2Q: Which?\n- OPTION a: One\n- **OPTION b:** Two\nThanks.',
      {
        text: 'Which?\nThanks.',
        kind: 'CHOICE',
        options: [
          { key: 'a', label: 'One' },
          { key: 'b', label: 'Two' },
        ],
      },
    ],
    ['QUESTION-4F7K2Q: Which?\nOPTION a: One', { text: 'Which?\nOPTION a: One', kind: 'TEXT' }],
    [
      'QUESTION-4F7K2Q: Which?\nOPTION a: 1\nOPTION a: 2',
      { text: 'Which?\nOPTION a: 1\nOPTION a: 2', kind: 'TEXT' },
    ],
  ])('%j', (answer, question) => {
    expect(parseQuestionForm(answer, CODE)).toEqual(question);
  });

  it.each([
    ['> QUESTION-4F7K2Q: quoted in a block quote'],
    ['The result.\n\n```\nQUESTION-4F7K2Q: quoted in code\n```\n\nThat was it.'],
    ['    QUESTION-4F7K2Q: indented'],
    ['QUESTION-XXXXXX: with the code of another attempt'],
    ['QUESTION: without a code'],
    ['A question: QUESTION-4F7K2Q: within a line'],
    ['QUESTION-4F7K2Q without a colon'],
    ['QUESTION-4F7K2Q:'],
    [''],
  ])('is not %j', (answer) => {
    expect(parseQuestionForm(answer, CODE)).toBeNull();
  });

  it('can always be asked, whatever the agent writes', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        `QUESTION-${CODE}: `,
        `CONFIRM-${CODE}:`,
        'OPTION a: x',
        'OPTION b:',
        '```',
        '> ',
        '\u0000',
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const found = parseQuestionForm(lines.join('\n'), CODE);
        if (found !== null) expect(() => parseQuestion(found)).not.toThrow();
      }),
    );
  });

  it('is marked with a code that only the id of the run has', () => {
    expect(questionCodeOf('run_01k8x2b3c4d5e6f7g8h9j4f7k2q')).toBe(CODE);
  });
});

describe('the question of a program', () => {
  it.each([
    ['Which port?\n', { text: 'Which port?' }],
    [
      '{"text":"Now?","kind":"CONFIRM","deadlineSeconds":60}',
      { text: 'Now?', kind: 'CONFIRM', deadline: 60_000 },
    ],
    ['{"no":"question"}', { text: '{"no":"question"}' }],
    ['{broken', { text: '{broken' }],
  ])('is read from %j', (output, question) => {
    expect(readProgramQuestion(output)).toEqual(question);
  });
});
