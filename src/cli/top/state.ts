import type {
  OverviewQuery,
  QuestionFieldsFragment,
  TaskFieldsFragment,
  TaskStatus,
} from '../../sdk/index.js';
import type { EventLike } from '../../verbs/looks/event-look.js';

/** The panes of tasks, from top to bottom. */
export const PANES = ['needsYou', 'inProgress', 'waiting'] as const;

/** The tasks of each pane. */
export const STATUSES = {
  needsYou: ['INPUT_REQUIRED', 'REVIEW'],
  inProgress: ['IN_PROGRESS'],
  waiting: ['INBOX', 'ASSIGNED'],
} as const satisfies Readonly<Record<(typeof PANES)[number], readonly TaskStatus[]>>;

/** How many tasks of a pane are read: more than any terminal shows. */
export const ROWS = 50;

/** What the keyboard does now. */
export type Mode =
  | { readonly kind: 'list' }
  /** Every key goes into a line of text. */
  | { readonly kind: 'typing'; readonly purpose: 'filter'; readonly text: string }
  | (ForTask & { readonly kind: 'typing'; readonly purpose: 'feedback'; readonly text: string })
  | (ForTask & {
      readonly kind: 'typing';
      readonly purpose: 'answer';
      readonly text: string;
      readonly question: Asked;
    })
  /** One task is shown. */
  | (ForTask & { readonly kind: 'task'; readonly lines: readonly string[] });

/** The task may leave the list meanwhile, and another one is selected: what is done is done to this one. */
interface ForTask {
  readonly task: TaskFieldsFragment;
}

/** A question that is being answered. */
export type Asked = Pick<QuestionFieldsFragment, 'id' | 'kind' | 'text' | 'options'>;

/** Everything that is on the screen. */
export interface TopState {
  /** With the throughput of the last hour. */
  readonly overview: OverviewQuery['overview'] | null;
  readonly panes: Readonly<Record<(typeof PANES)[number], readonly TaskFieldsFragment[]>>;
  /** Latest last. */
  readonly events: readonly EventLike[];
  /** The id of the selected task: the selection stays on its task when the lists change. */
  readonly selected: string | null;
  readonly filter: string;
  /** The filter with which the panes were read. */
  readonly readWith: string;
  readonly mode: Mode;
  /** What has just been done or refused. */
  readonly message: string | null;
  readonly isConnected: boolean;
}

/** The state before the first answer. */
export const emptyState: TopState = {
  overview: null,
  panes: { needsYou: [], inProgress: [], waiting: [] },
  events: [],
  selected: null,
  filter: '',
  readWith: '',
  mode: { kind: 'list' },
  message: null,
  isConnected: false,
};

/** The tasks of a pane that the filter leaves. The server filters; until it has, what is there is filtered here. */
export function visible(state: TopState, pane: (typeof PANES)[number]): readonly TaskFieldsFragment[] {
  if (state.readWith === state.filter) return state.panes[pane];
  const wanted = state.filter.toLowerCase();
  return state.panes[pane].filter(({ ref, title, assignee }) =>
    [ref, title, assignee?.name ?? ''].some((text) => text.toLowerCase().includes(wanted)),
  );
}

/** How many tasks a pane has. Only the first ones of a long list are read. */
export function paneCount(state: TopState, pane: (typeof PANES)[number]): string {
  const shown = visible(state, pane).length;
  if (state.panes[pane].length < ROWS) return `${shown}`;
  const all = state.overview?.taskCounts
    .filter(({ status }) => STATUSES[pane].some((wanted) => wanted === status))
    .reduce((sum, { count }) => sum + count, 0);
  if (state.filter !== '') return `${shown} or more`;
  return all === undefined || all < shown ? `${shown} or more` : `${all}`;
}

/** Every task on the screen, from top to bottom. */
function selectable(state: TopState): readonly TaskFieldsFragment[] {
  return PANES.flatMap((pane) => visible(state, pane));
}

/** The selected task; the first one if the selected one has left the screen. */
export function selectedTask(state: TopState): TaskFieldsFragment | undefined {
  const tasks = selectable(state);
  return tasks.find(({ id }) => id === state.selected) ?? tasks[0];
}

/** The task that a key is about: the one that is shown, or the selected one. */
export function taskOf(state: TopState): TaskFieldsFragment | undefined {
  return state.mode.kind === 'task' ? state.mode.task : selectedTask(state);
}

/** The selection some tasks further down, or up. */
export function moved(state: TopState, by: number): TopState {
  const tasks = selectable(state);
  const place = tasks.findIndex(({ id }) => id === selectedTask(state)?.id);
  const next = tasks[Math.min(tasks.length - 1, Math.max(0, place + by))];
  return { ...state, selected: next?.id ?? null, message: null };
}
