import { isAnswered, type Question } from '../../data/questions.js';
import { isOperator } from '../../data/session.js';
import { AnswerForm } from '../../parts/answer-form.js';
import { Markdown } from '../../parts/markdown.js';
import { QuestionFacts } from '../../parts/question-facts.js';
import { Age } from '../../parts/time.js';

/** The questions of a task that wait for an answer, each with the form for it. */
export function OpenQuestions({ questions }: { readonly questions: readonly Question[] }) {
  const open = questions.filter(({ id, status }) => status === 'OPEN' && !isAnswered(id));
  if (open.length === 0) return null;
  return (
    <section class="questions" aria-label="Questions">
      <h2>{open.length === 1 ? 'A question' : `${open.length} questions`}</h2>
      {open.map((question) => (
        <div key={question.id} class="question">
          <p class="quiet small">
            <span class="text">{question.askedBy.displayName}</span> asks, <Age since={question.createdAt} />{' '}
            ago. <QuestionFacts question={question} />
          </p>
          <Markdown text={question.text} />
          {isOperator.value && <AnswerForm question={question} />}
        </div>
      ))}
    </section>
  );
}
