import { findMistakes, refuse } from '../inputs.js';
import { LIMITS } from '../limits.js';
import { Refusal } from '../refusals.js';
import { type AnswerInput, findAnswerMistakes } from './answer.js';
import type { DeadlinePolicy, QuestionKind, QuestionOption } from './question-types.js';

/** A question as an agent asks it. */
export interface QuestionInput {
  readonly text: string;
  readonly kind?: QuestionKind | null | undefined;
  readonly options?: readonly QuestionOption[] | null | undefined;
  /** Whether an answer may name several options. */
  readonly multiple?: boolean | null | undefined;
  /** False lets the run go on. */
  readonly blocking?: boolean | null | undefined;
  readonly default?: AnswerInput | null | undefined;
  /** Milliseconds from now. */
  readonly deadline?: number | null | undefined;
  readonly onDeadline?: DeadlinePolicy | null | undefined;
}

/** A question with every field, as it is stored. */
export interface NewQuestion {
  readonly text: string;
  readonly kind: QuestionKind;
  readonly options: readonly QuestionOption[];
  readonly multiple: boolean;
  readonly blocking: boolean;
  readonly defaultAnswer: AnswerInput | null;
  readonly deadlineMs: number | null;
  readonly onDeadline: DeadlinePolicy;
}

/**
 * Checks a question and fills in what was left out.
 * @throws {Refusals} one INVALID refusal for each mistake.
 */
export function parseQuestion(input: QuestionInput): NewQuestion {
  const question: NewQuestion = {
    text: input.text,
    kind: input.kind ?? 'TEXT',
    options: (input.options ?? []).map(({ key, label, description }) => ({
      key,
      label,
      ...(description ? { description } : {}),
    })),
    multiple: input.multiple ?? false,
    blocking: input.blocking ?? true,
    defaultAnswer: input.default ?? null,
    deadlineMs: input.deadline ?? null,
    onDeadline: input.onDeadline ?? 'ESCALATE',
  };
  refuse([
    ...findMistakes(input, [['text', 'questionText'], 'deadline']),
    ...findOptionMistakes(question),
    ...question.options.flatMap(findFormMistakes),
    ...findDeadlineMistakes(question),
    ...(question.defaultAnswer === null
      ? []
      : findAnswerMistakes(question, question.defaultAnswer, ['default'])),
  ]);
  return question;
}

function findOptionMistakes({ kind, options, multiple }: NewQuestion): Refusal[] {
  if (kind !== 'CHOICE') {
    return [
      ...(options.length === 0 ? [] : [invalid('Only a CHOICE has options.', 'options')]),
      ...(multiple ? [invalid('Only a CHOICE can be multiple.', 'multiple')] : []),
    ];
  }
  const count = options.length;
  const keys = new Set(options.map(({ key }) => key));
  return [
    ...(count >= 2 && count <= LIMITS.questionOptions
      ? []
      : [invalid(`A CHOICE has 2 to ${LIMITS.questionOptions} options.`, 'options')]),
    ...(keys.size === count ? [] : [invalid('Each option needs a key of its own.', 'options')]),
  ];
}

function findFormMistakes(option: QuestionOption, at: number): Refusal[] {
  return findMistakes(
    option,
    [
      ['key', 'optionKey'],
      ['label', 'optionLabel'],
      ['description', 'optionDescription'],
    ],
    ['options', String(at)],
  );
}

function findDeadlineMistakes({ blocking, deadlineMs, defaultAnswer, onDeadline }: NewQuestion): Refusal[] {
  if (onDeadline === 'ESCALATE') return [];
  return [
    ...(deadlineMs === null ? [invalid(`${onDeadline} needs a deadline.`, 'deadline')] : []),
    ...(onDeadline === 'USE_DEFAULT' && defaultAnswer === null
      ? [invalid('USE_DEFAULT needs a default.', 'default')]
      : []),
    ...(onDeadline === 'FAIL' && !blocking
      ? [invalid('Only a blocking question can fail its task: its run goes on otherwise.', 'onDeadline')]
      : []),
  ];
}

function invalid(message: string, field: string): Refusal {
  return new Refusal('INVALID', message, [field]);
}
