import { toActor, type Viewer } from '../../domain/actor.js';
import { Refusal } from '../../domain/refusals.js';
import { inTransaction } from '../../postgres/transaction.js';
import type { ServiceContext } from '../service-context.js';
import type { QuestionOfTask } from './ask-question.js';
import { endQuestion } from './end-question.js';
import { decidesAbout, lockQuestion, noLongerOpen } from './lock-question.js';

/**
 * Withdraws a question: its task goes on without an answer, as if it had been answered. A question that is withdrawn already is
 * answered again.
 * @throws {AlreadyAnswered} if the question ended otherwise. @throws {Refusal} NOT_FOUND; FORBIDDEN for a viewer that has not
 * asked it, did not create the task and is no operator.
 */
export async function withdrawQuestion(
  context: ServiceContext,
  viewer: Viewer,
  id: string,
): Promise<QuestionOfTask> {
  const actor = toActor(viewer);
  return inTransaction(context.database, async (tx) => {
    const asked = await lockQuestion(context, tx, viewer, id);
    const { question, task } = asked;
    const isAsker = viewer.agentId !== null && question.askedByAgentId === viewer.agentId;
    if (!isAsker && !decidesAbout(viewer, task)) {
      const message = 'Only its agent, an operator or who created the task withdraws a question.';
      throw new Refusal('FORBIDDEN', message, ['id']);
    }
    if (question.status === 'WITHDRAWN') return asked;
    if (question.status !== 'OPEN') throw noLongerOpen(question);
    return endQuestion(context, tx, asked, {
      end: { status: 'WITHDRAWN' },
      actor,
      event: 'question.withdrawn',
      verb: 'withdraw',
      reason: 'the question was withdrawn',
    });
  });
}
