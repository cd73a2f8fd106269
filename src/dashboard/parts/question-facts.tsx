import type { Question } from '../data/questions.js';
import { Ago } from './time.js';

/** What waits for the answer to a question, and until when. */
export function QuestionFacts({ question }: { readonly question: Question }) {
  const { blocking, deadline } = question;
  return (
    <>
      {blocking ? 'The work waits for the answer.' : 'The work goes on meanwhile.'}
      {deadline !== null && (
        <>
          {' '}
          The deadline is <Ago at={deadline} />.
        </>
      )}
    </>
  );
}
