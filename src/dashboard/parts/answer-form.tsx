import { useSignal } from '@preact/signals';
import { answerQuestion, type Question } from '../data/questions.js';
import { textIn } from './form.js';
import './answer-form.css';

type Answerable = Pick<Question, 'id' | 'kind' | 'options' | 'multiple' | 'text'>;

/** The answer to a question, in the form that it asks for. */
export function AnswerForm({ question }: { readonly question: Answerable }) {
  const { id, kind, options, multiple } = question;
  if (kind === 'CONFIRM')
    return (
      <div class="answer-choices">
        <button type="button" class="main" onClick={() => void answerQuestion(id, { confirmed: true })}>
          Yes
        </button>
        <button type="button" onClick={() => void answerQuestion(id, { confirmed: false })}>
          No
        </button>
      </div>
    );
  if (kind === 'CHOICE' && !multiple)
    return (
      <div class="answer-choices">
        {options.map(({ key, label, description }) => (
          <button
            type="button"
            key={key}
            title={description ?? undefined}
            onClick={() => void answerQuestion(id, { choices: [key] })}
          >
            <span class="text">{label}</span>
          </button>
        ))}
      </div>
    );
  return kind === 'CHOICE' ? <Choices question={question} /> : <TextAnswer question={question} />;
}

function Choices({ question }: { readonly question: Answerable }) {
  const chosen = useSignal<readonly string[]>([]);
  const toggle = (key: string) => {
    chosen.value = chosen.value.includes(key)
      ? chosen.value.filter((one) => one !== key)
      : [...chosen.value, key];
  };
  return (
    <div class="answer-choices">
      {question.options.map(({ key, label, description }) => (
        <button
          type="button"
          key={key}
          title={description ?? undefined}
          aria-pressed={chosen.value.includes(key)}
          onClick={() => toggle(key)}
        >
          <span aria-hidden="true">{chosen.value.includes(key) ? '☑' : '☐'}</span>
          <span class="text">{label}</span>
        </button>
      ))}
      <button
        type="button"
        class="main"
        disabled={chosen.value.length === 0}
        onClick={() => void answerQuestion(question.id, { choices: [...chosen.value] })}
      >
        Answer
      </button>
    </div>
  );
}

function TextAnswer({ question }: { readonly question: Answerable }) {
  const text = useSignal('');
  const send = () => {
    const answer = text.value.trim();
    if (answer !== '') void answerQuestion(question.id, { text: answer });
  };
  return (
    <form
      class="answer-text"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        rows={1}
        aria-label={`Answer: ${question.text.slice(0, 100)}`}
        placeholder="Answer. Ctrl-Enter sends."
        {...textIn(text)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
        }}
      />
      <button type="submit" class="main" disabled={text.value.trim() === ''}>
        Answer
      </button>
    </form>
  );
}
