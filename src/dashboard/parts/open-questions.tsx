import { openQuestions, type Question } from '../data/questions.js';
import { session } from '../data/session.js';
import { AnswerForm } from './answer-form.js';
import { Markdown } from './markdown.js';
import { TaskLink } from './marks.js';
import { Age, Ago } from './time.js';
import './answer-form.css';

interface OpenQuestionsProps {
  readonly taskId?: string;
  /** The id of the question that the keyboard is on. */
  readonly selected?: string | undefined;
}

/** The questions that wait for an answer, each with the form for it: of one task, or of all. */
export function OpenQuestions({ taskId, selected }: OpenQuestionsProps) {
  const questions = openQuestions.value.filter(({ task }) => taskId === undefined || task.id === taskId);
  if (questions.length === 0) return null;
  return (
    <section class="questions" aria-label="Questions">
      <h2>{questions.length === 1 ? 'A question' : `${questions.length} questions`}</h2>
      {questions.map((question) => (
        <Row
          key={question.id}
          question={question}
          withTask={taskId === undefined}
          isSelected={question.id === selected}
        />
      ))}
    </section>
  );
}

interface RowProps {
  readonly question: Question;
  readonly withTask: boolean;
  readonly isSelected: boolean;
}

function Row({ question, withTask, isSelected }: RowProps) {
  const { askedBy, createdAt, deadline, blocking, task, text } = question;
  return (
    <div class="question" data-id={question.id} data-selected={isSelected ? '' : undefined}>
      <p class="quiet small">
        <span class="text">{askedBy.displayName}</span> asks, <Age since={createdAt} /> ago
        {withTask && (
          <>
            , in {task.ref} <TaskLink task={task} />
          </>
        )}
        {blocking ? '. The work waits for the answer.' : '. The work goes on meanwhile.'}
        {deadline !== null && (
          <>
            {' '}
            The deadline is <Ago at={deadline} />.
          </>
        )}
      </p>
      <Markdown text={text} />
      {session.value?.role !== 'VIEWER' && session.value?.role !== 'AGENT' && (
        <AnswerForm question={question} />
      )}
    </div>
  );
}
