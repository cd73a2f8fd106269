import { findMistakes } from '../inputs.js';
import { Refusal } from '../refusals.js';
import type { QuestionKind, QuestionOption } from './question-types.js';

/** An answer, or the default of a question. Which fields it has depends on the kind of the question. */
export interface AnswerInput {
  readonly text?: string | null | undefined;
  /** The keys of the chosen options. */
  readonly choices?: readonly string[] | null | undefined;
  readonly confirmed?: boolean | null | undefined;
}

/** The fields of a question that decide which answers fit. */
interface Asked {
  readonly kind: QuestionKind;
  readonly options: readonly QuestionOption[];
  readonly multiple: boolean;
}

/** Finds what is wrong with an answer to any question: its texts have bounds. */
export function findAnswerFormMistakes(answer: AnswerInput, path: readonly string[] = ['answer']): Refusal[] {
  return findMistakes(answer, [['text', 'answerText'], 'choices'], path);
}

/**
 * Finds what is wrong with an answer to this question: a TEXT needs `text`, a CHOICE `choices`, a CONFIRM `confirmed`. The last two may have a
 * text as well, as a remark.
 */
export function findAnswerMistakes(
  question: Asked,
  answer: AnswerInput,
  path: readonly string[] = ['answer'],
): Refusal[] {
  const mistakes = findAnswerFormMistakes(answer, path);
  const add = (field: keyof AnswerInput, message: string) =>
    mistakes.push(new Refusal('INVALID', `${[...path, field].join('.')} ${message}.`, [...path, field]));
  const { kind } = question;
  if (kind === 'TEXT' && !isGiven(answer.text)) add('text', 'is needed: the question asks for a text');
  if (kind === 'CONFIRM' && !isGiven(answer.confirmed))
    add('confirmed', 'is needed: the question asks for yes or no');
  if (kind !== 'CONFIRM' && isGiven(answer.confirmed)) add('confirmed', 'is only for a CONFIRM');
  if (kind === 'CHOICE') {
    const mistake = findChoiceMistake(question, answer.choices ?? []);
    if (mistake !== null) add('choices', mistake);
  } else if (isGiven(answer.choices)) add('choices', 'is only for a CHOICE');
  return mistakes;
}

/** The answer without the fields that were not given, as it is stored. */
export function toStoredAnswer({ text, choices, confirmed }: AnswerInput): AnswerInput {
  return {
    ...(isGiven(text) ? { text } : {}),
    ...(isGiven(choices) ? { choices: [...choices] } : {}),
    ...(isGiven(confirmed) ? { confirmed } : {}),
  };
}

/** Whether both say the same. Choices are compared as sets. */
export function isSameAnswer(one: AnswerInput, other: AnswerInput): boolean {
  const sorted = (answer: AnswerInput) => [...(answer.choices ?? [])].sort().join('\n');
  return (
    (one.text ?? null) === (other.text ?? null) &&
    (one.confirmed ?? null) === (other.confirmed ?? null) &&
    sorted(one) === sorted(other)
  );
}

/** The answer in words, for prompts and messages. Options appear with their labels. */
export function describeAnswer({ options }: Pick<Asked, 'options'>, answer: AnswerInput): string {
  const labels = new Map(options.map(({ key, label }) => [key, label]));
  const chosen = (answer.choices ?? []).map((key) => `${key} (${labels.get(key) ?? key})`).join(', ');
  const confirmed = isGiven(answer.confirmed) ? (answer.confirmed ? 'Yes.' : 'No.') : '';
  return [confirmed, chosen, answer.text ?? ''].filter((part) => part !== '').join('\n\n');
}

function findChoiceMistake({ options, multiple }: Asked, choices: readonly string[]): string | null {
  const keys = options.map(({ key }) => key);
  if (choices.length === 0)
    return `is needed: name ${multiple ? 'one or more' : 'one'} of ${keys.join(', ')}`;
  if (!multiple && choices.length > 1) return 'may name one option only';
  if (new Set(choices).size !== choices.length) return 'names an option twice';
  const isUnknown = choices.some((choice) => !keys.includes(choice));
  return isUnknown ? `may name only ${keys.join(', ')}` : null;
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}
