import { lengthText } from '../../parts/time.js';
import { countOf } from '../../parts/words.js';
import type { TaskDetail } from './task-data.js';

/** An attempt at a task. */
export type Run = TaskDetail['runs']['nodes'][number];

/** The model, the tokens and the cost of an attempt, as far as they are known. */
export function costOf({ model, usage }: Run): string {
  const tokens = usage && `${(usage.inputTokens + usage.outputTokens).toLocaleString('en')} tokens`;
  const cost = usage?.costUsd == null ? null : dollars(usage.costUsd);
  return [model, tokens, cost].filter(Boolean).join(' · ');
}

/** The one figure that a narrow column has room for. */
export function shortCostOf({ model, usage }: Run): string {
  if (usage?.costUsd != null) return dollars(usage.costUsd);
  return usage ? countOf(usage.inputTokens + usage.outputTokens, 'token') : (model ?? '');
}

/** How long an attempt took and what it cost; empty while it is under way. */
export function outcomeText(run: Run): string {
  if (run.finishedAt === null) return '';
  const length = new Date(run.finishedAt).getTime() - new Date(run.startedAt).getTime();
  return [lengthText(length), costOf(run)].filter(Boolean).join(' · ');
}

/** What all attempts together took; empty if no usage was reported. */
export function totalOf(runs: readonly Run[]): string {
  const usages = runs.flatMap(({ usage }) => (usage ? [usage] : []));
  if (usages.length === 0) return '';
  const tokens = usages.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0);
  const cost = usages.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  return [countOf(tokens, 'token'), cost > 0 ? dollars(cost) : ''].filter(Boolean).join(' · ');
}

function dollars(amount: number): string {
  return `$${amount.toFixed(amount < 0.1 ? 4 : 2)}`;
}
