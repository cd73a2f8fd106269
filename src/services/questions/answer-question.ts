import { toActor, type Viewer } from '../../domain/actor.js';
import { checkFields, refuse } from '../../domain/inputs.js';
import {
  type AnswerInput,
  findAnswerFormMistakes,
  findAnswerMistakes,
  isSameAnswer,
  toStoredAnswer,
} from '../../domain/questions/answer.js';
import { parseAnswer, parseOptions } from '../../domain/questions/stored-question.js';
import { Refusal } from '../../domain/refusals.js';
import { inTransaction } from '../../postgres/transaction.js';
import type { QuestionRow } from '../../store/questions/questions.js';
import { findEarlier } from '../idempotency.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { findQuestionOfTask, type QuestionOfTask } from './ask-question.js';
import { endQuestion } from './end-question.js';
import { decidesAbout, lockQuestion, noLongerOpen } from './lock-question.js';

/** An answer to a question. */
export interface AnswerQuestion {
  readonly id: string;
  readonly answer: AnswerInput;
  readonly idempotencyKey?: string | null | undefined;
}

/**
 * Answers a question. The task of a blocking question is claimable again in the same commit. The first answer wins. The same
 * answer of the same caller is answered again.
 * @throws {AlreadyAnswered} if the question is not open any more, with the answer that won.
 * @throws {Refusal} NOT_FOUND; FORBIDDEN for a viewer that is neither an operator nor who created the task.
 */
export async function answerQuestion(
  context: ServiceContext,
  viewer: Viewer,
  input: AnswerQuestion,
): Promise<QuestionOfTask> {
  checkFields(input, ['idempotencyKey']);
  refuse(findAnswerFormMistakes(input.answer));
  const actor = toActor(viewer);
  return inTransaction(context.database, async (tx) => {
    const earlier = await findEarlier(tx, viewer, 'answerQuestion', input, toLookup(input.id));
    const repeated = earlier === null ? null : await findQuestionOfTask(tx, earlier);
    if (repeated !== null) return repeated;
    const asked = await lockQuestion(context, tx, viewer, input.id);
    const { question, task } = asked;
    if (
      !decidesAbout(viewer, task) ||
      (question.askedByAgentId === viewer.agentId && viewer.agentId !== null)
    )
      throw mayNotAnswer();
    if (question.status !== 'OPEN') {
      if (isRepeat(question, viewer, input.answer)) return asked;
      throw noLongerOpen(question);
    }
    refuse(findAnswerMistakes({ ...question, options: parseOptions(question.options) }, input.answer));
    return endQuestion(context, tx, asked, {
      end: { status: 'ANSWERED', answer: toStoredAnswer(input.answer), by: actor },
      actor,
      event: 'question.answered',
      verb: 'answer',
      reason: 'answered',
    });
  });
}

/** An agent that created its own task would approve its own plans. */
function mayNotAnswer(): Refusal {
  const message =
    'Only an operator or who created the task answers a question, and no agent answers its own: withdraw it instead.';
  return new Refusal('FORBIDDEN', message, ['id']);
}

function isRepeat(question: QuestionRow, { keyId, agentId }: Viewer, answer: AnswerInput): boolean {
  const won = parseAnswer(question.answer);
  const isOwn =
    agentId === null ? question.answeredByKeyId === keyId : question.answeredByAgentId === agentId;
  return won !== null && isOwn && isSameAnswer(won, answer);
}
