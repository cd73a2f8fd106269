import { useSignal } from '@preact/signals';
import type { AttentionItem } from '../../data/attention.js';
import { basePath } from '../../frame/router.js';
import { Age } from '../../parts/time.js';
import { sentence } from '../../parts/words.js';
import { NextSteps, pathOf } from './next-steps.js';
import { ReviewPreview } from './review-preview.js';

const kinds: Readonly<Record<string, string>> = {
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
  const { kind, severity, task, gateway } = item;
  return (
    <li data-selected={isSelected ? '' : undefined} data-id={item.id}>
      <span class="needs-kind" data-severity={severity}>
        {kinds[kind] ?? sentence(kind)}
      </span>
      <div class="needs-text">
        <a href={basePath + pathOf(item)}>
          <span class="text">{item.text}</span>
        </a>
        {gateway?.remedy && <p class="quiet small text">{gateway.remedy}</p>}
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
      {isOpen.value && task && <ReviewPreview taskRef={task.ref} />}
    </li>
  );
}
