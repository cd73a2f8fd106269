import { FindDocument } from '../../generated/dashboard/palette.js';
import { act } from '../data/act.js';
import { isOperator, session, signOut } from '../data/session.js';
import { railViews } from '../views/registry.js';
import { recentTasks } from './palette-state.js';
import { navigate } from './router.js';
import { switchTheme } from './theme.js';

/** Something that the palette finds. */
export interface Item {
  readonly id: string;
  readonly text: string;
  readonly kind: string;
  readonly run: () => void;
}

/** The views and actions of the key that is signed in, and the tasks that were opened last. */
export function knownItems(): readonly Item[] {
  const { role } = session.value ?? {};
  return [
    ...recentTasks.value.map(({ ref, title }) => taskItem({ id: `recent ${ref}`, ref, title }, 'recent')),
    ...railViews().map(({ path, title }) => ({
      ...{ id: path, text: title, kind: 'view', run: () => navigate(path) },
    })),
    ...(role === 'VIEWER'
      ? []
      : [{ id: 'new', text: 'Create a task', kind: 'action', run: () => navigate('/tasks/new') }]),
    { id: 'theme', text: 'Switch the theme', kind: 'action', run: switchTheme },
    { id: 'graphiql', text: 'Open GraphiQL', kind: 'action', run: openGraphiQL },
    { id: 'sign-out', text: 'Sign out', kind: 'action', run: () => signOut() },
  ];
}

/** Asks the server for tasks and agents. An operator can also pause and resume the agents. */
export async function findItems(words: string, signal: AbortSignal): Promise<readonly Item[]> {
  const client = session.value?.client;
  if (!client) return [];
  const filters = { tasks: { search: words }, agents: { search: words } };
  const { tasks, agents } = await client.request(FindDocument, filters, { signal });
  return [
    ...tasks.nodes.map((task) => taskItem(task, 'task')),
    ...agents.nodes.map(({ id, name, role }) => ({
      ...{ id, text: name, kind: `agent, ${role}` },
      run: () => navigate(`/agents/${encodeURIComponent(name)}`),
    })),
    ...(isOperator.value ? agents.nodes.map(pauseItem) : []),
  ];
}

function taskItem(
  task: { readonly id: string; readonly ref: string; readonly title: string },
  kind: string,
): Item {
  const { id, ref, title } = task;
  return { id, text: `${ref} ${title}`, kind, run: () => navigate(`/tasks/${ref}`) };
}

function pauseItem(agent: { readonly id: string; readonly name: string; readonly status: string }): Item {
  const ref = { agent: { id: agent.id } };
  const isPaused = agent.status === 'PAUSED';
  return {
    ...{ id: `pause ${agent.id}`, text: `${isPaused ? 'Resume' : 'Pause'} ${agent.name}`, kind: 'action' },
    run: () =>
      void act(
        (client) => (isPaused ? client.resumeAgent(ref) : client.pauseAgent(ref)),
        `${agent.name} is ${isPaused ? 'resumed' : 'paused'}`,
      ),
  };
}

function openGraphiQL(): void {
  globalThis.location.assign(new URL('graphql', document.baseURI));
}
