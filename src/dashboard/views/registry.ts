import { session } from '../data/session.js';
import type { View } from './view.js';

/** All views. The rail shows them in this order. */
const views: readonly View[] = [
  {
    title: 'Needs you',
    path: '/',
    isForPeople: true,
    load: () => import('./needs-you/needs-you.js'),
    rail: { icon: 'bell', key: 'h' },
  },
  {
    title: 'Board',
    path: '/board',
    load: () => import('./board/board.js'),
    rail: { icon: 'board', key: 'b' },
  },
  {
    title: 'Reviews',
    path: '/reviews',
    isForPeople: true,
    load: () => import('./reviews/reviews.js'),
    rail: { icon: 'review', key: 'r' },
  },
  {
    title: 'Agents',
    path: '/agents',
    load: () => import('./agents/agents.js'),
    rail: { icon: 'agents', key: 'a' },
  },
  {
    title: 'Queue',
    path: '/queue',
    isForPeople: true,
    load: () => import('./queue/queue.js'),
    rail: { icon: 'queue', key: 'q' },
  },
  {
    title: 'Events',
    path: '/events',
    load: () => import('./events/events.js'),
    rail: { icon: 'events', key: 'e' },
  },
  {
    title: 'Schedules',
    path: '/schedules',
    isForPeople: true,
    load: () => import('./schedules/schedules.js'),
    rail: { icon: 'schedules', key: 's' },
  },
  {
    title: 'Pipelines',
    path: '/pipelines',
    isForPeople: true,
    load: () => import('./pipelines/pipelines.js'),
    rail: { icon: 'pipelines', key: 'p' },
  },
  {
    title: 'Pipeline run',
    path: '/pipelines/runs/:id',
    isForPeople: true,
    load: () => import('./pipelines/run.js'),
  },
  {
    title: 'Settings',
    path: '/settings',
    load: () => import('./settings/settings.js'),
    rail: { icon: 'settings', key: ',' },
  },
  { title: 'Settings', path: '/settings/:part', load: () => import('./settings/settings.js') },
  { title: 'New task', path: '/tasks/new', load: () => import('./new-task/new-task.js') },
  { title: 'Agent', path: '/agents/:name', load: () => import('./agents/agent.js') },
  { title: 'Task', path: '/tasks/:ref', load: () => import('./task/task-page.js') },
];

/** Whether the key that is signed in may open the view. */
export function mayOpen({ isForPeople = false }: View): boolean {
  return !isForPeople || session.value?.role !== 'AGENT';
}

/** The views of the rail that the key may open, in its order. */
export function railViews(): readonly (View & Required<Pick<View, 'rail'>>)[] {
  return views.flatMap((view) => (view.rail && mayOpen(view) ? [{ ...view, rail: view.rail }] : []));
}

/** A view with the parts of an address. */
export interface FoundView {
  readonly view: View;
  readonly params: Readonly<Record<string, string>>;
}

/** The view of an address; null if no view has it. */
export function findView(path: string): FoundView | null {
  for (const view of views) {
    const params = matchPath(view.path, path);
    if (params) return { view, params };
  }
  return null;
}

function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const parts = path.replace(/(.)\/$/, '$1').split('/');
  if (wanted.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, name] of wanted.entries()) {
    const part = parts[index] ?? '';
    if (name.startsWith(':')) params[name.slice(1)] = decode(part);
    else if (name !== part) return null;
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
