import { useSignal } from '@preact/signals';
import type { AttentionItem } from '../../data/attention.js';
import type { Question } from '../../data/questions.js';
import { isOperator } from '../../data/session.js';
import { basePath } from '../../frame/router.js';
import { AnswerForm } from '../../parts/answer-form.js';
import { Markdown } from '../../parts/markdown.js';
import { QuestionFacts } from '../../parts/question-facts.js';
import { Age } from '../../parts/time.js';
import { sentence } from '../../parts/words.js';
import { NextSteps, pathOf } from './next-steps.js';
import { ReviewPreview } from './review-preview.js';

const kinds: Readonly<Record<string, string>> = {
  QUESTION: 'Question',
  TASK_FAILED: 'Failed',
  REVIEW: 'Review',
  TASK_STUCK: 'Stuck',
  AGENT_SILENT: 'Silent agent',
  GATEWAY: 'Gateway',
  SCHEDULE: 'Schedule',
  WEBHOOK: 'Webhook',
};

interface ItemRowProps {
  readonly item: AttentionItem;
  readonly isSelected: boolean;
}

/** One thing that needs a person: what it is, why, since when, and what can be done. */
export function ItemRow({ item, isSelected }: ItemRowProps) {
  const isOpen = useSignal(false);
  const { kind, severity, task, gateway, question } = item;
  return (
    <li data-selected={isSelected ? '' : undefined} data-id={item.id}>
      <span class="needs-kind" data-severity={severity}>
        {kinds[kind] ?? sentence(kind)}
      </span>
      <div class="needs-text">
        <a href={basePath + pathOf(item)}>
          <span class="text">{textOf(item)}</span>
        </a>
        {gateway?.remedy && <p class="quiet small text">{gateway.remedy}</p>}
        {question && (
          <p class="quiet small">
            <QuestionFacts question={question} />
          </p>
        )}
      </div>
      <span class="quiet needs-age">
        <Age since={item.since} />
      </span>
      <span class="needs-buttons">
        {kind === 'REVIEW' && task && (
          <button
            type="button"
            class="needs-show"
            aria-expanded={isOpen.value}
            onClick={() => (isOpen.value = !isOpen.value)}
          >
            {isOpen.value ? 'Hide' : 'Show'}
          </button>
        )}
        <NextSteps item={item} />
      </span>
      {question && <QuestionText question={question} />}
      {isOpen.value && task && <ReviewPreview taskRef={task.ref} />}
    </li>
  );
}

/** A question is shown in full below its row. */
function textOf({ text, task, question }: AttentionItem): string {
  return question && task ? `${question.askedBy.displayName} asks in ${task.ref}: ${task.title}` : text;
}

function QuestionText({ question }: { readonly question: Question }) {
  return (
    <div class="needs-answer">
      <Markdown text={question.text} />
      {isOperator.value && <AnswerForm question={question} />}
    </div>
  );
}
