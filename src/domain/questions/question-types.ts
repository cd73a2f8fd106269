/** The kinds of answers that a question can ask for. */
export type QuestionKind = 'TEXT' | 'CHOICE' | 'CONFIRM';

/** The state of a question. Only an OPEN question can be answered. */
export type QuestionStatus = 'OPEN' | 'ANSWERED' | 'WITHDRAWN' | 'EXPIRED' | 'CLOSED';

/** What happens when a deadline passes without an answer. */
export type DeadlinePolicy = 'ESCALATE' | 'USE_DEFAULT' | 'FAIL';

/** A choice of a CHOICE question. */
export interface QuestionOption {
  /** What an answer names. */
  readonly key: string;
  /** What people read. */
  readonly label: string;
  readonly description?: string | null | undefined;
}
