import { expireQuestions } from '../../services/questions/expire-questions.js';
import type { Job } from '../job.js';
import type { JobContext } from './job-context.js';

/** Applies the policies of questions whose deadline has passed. The next run is due at the next deadline. */
export function expireQuestionsJob(context: JobContext, everyMs: number): Job {
  return {
    name: 'expireQuestions',
    everyMs,
    runOnce: () => expireQuestions(context),
    wakingTypes: ['question.asked'],
  };
}
