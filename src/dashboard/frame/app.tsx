import { useEffect } from 'preact/hooks';
import { startAttention } from '../data/attention.js';
import { follow } from '../data/live.js';
import { startNotifications } from '../data/notifications.js';
import { followOverview } from '../data/overview.js';
import { readServerFacts } from '../data/server.js';
import { isSigningIn, type Session, session } from '../data/session.js';
import { startTasks } from '../data/tasks.js';
import { startWaits } from '../data/waits.js';
import { Empty, Loading } from '../parts/states.js';
import { findView, mayOpen, railViews } from '../views/registry.js';
import { StaleBar } from './connection-state.js';
import { type KeyBinding, useKeys } from './keyboard.js';
import { Lazy } from './lazy.js';
import { dismissNotice, notices } from './notices.js';
import { Page } from './page.js';
import { dialog, openPalette } from './palette-state.js';
import { Rail } from './rail.js';
import { location, navigate } from './router.js';
import { SignIn } from './sign-in.js';
import './tokens.css';
import './base.css';
import './frame.css';

const loadPalette = () => import('./palette.js');
const loadKeys = () => import('./key-list.js');

/** The whole page: the sign-in, or the frame with a view. */
export function App() {
  if (isSigningIn.value) return <Loading />;
  if (session.value === null) return <SignIn />;
  return <SignedIn key={session.value.key} session={session.value} />;
}

function SignedIn({ session: current }: { readonly session: Session }) {
  useEffect(() => {
    const end = new AbortController();
    void follow(current.client, end.signal);
    void readServerFacts(current.client);
    const stopTasks = startTasks();
    const stopWaits = startWaits();
    // An agent sees its own work only.
    const isReader = current.role !== 'AGENT';
    if (isReader) void followOverview(current.client, end.signal);
    const stopAttention = isReader ? startAttention(current.client) : () => undefined;
    const stopNotifications = startNotifications();
    return () => {
      end.abort();
      stopNotifications();
      stopWaits();
      stopTasks();
      stopAttention();
    };
  }, [current]);
  useKeys(frameKeys());
  return (
    <div class="frame">
      <a class="skip" href="#content" data-outside>
        Skip to the content
      </a>
      <Rail />
      <main id="content" tabIndex={-1}>
        <StaleBar />
        <CurrentView />
      </main>
      <Notices />
      {dialog.value === 'palette' && <Lazy load={loadPalette} props={{}} />}
      {dialog.value === 'keys' && <Lazy load={loadKeys} props={{}} />}
    </div>
  );
}

/** The keys that work in every view. */
function frameKeys(): readonly KeyBinding[] {
  return [
    ...railViews().map(({ rail, title, path }) => ({
      ...{ keys: `g ${rail.key}`, does: `Go to ${title}`, run: () => navigate(path) },
    })),
    ...(session.value?.role === 'VIEWER'
      ? []
      : [{ keys: 'g n', does: 'Create a task', run: () => navigate('/tasks/new') }]),
    { keys: 'mod+k', does: 'Find tasks, agents and actions', run: openPalette, inText: true },
    { keys: '?', does: 'Show the keys', run: () => (dialog.value = 'keys') },
  ];
}

function CurrentView() {
  const { path } = location.value;
  const found = findView(path);
  // An agent has a board of its own work, and no list of what people must do.
  const isElsewhere = path === '/' && found !== null && !mayOpen(found.view);
  useEffect(() => {
    if (isElsewhere) navigate('/board', { replace: true });
  }, [isElsewhere]);
  if (isElsewhere) return null;
  if (found && !mayOpen(found.view))
    return (
      <Page title={found.view.title}>
        <Empty title="This view is for the people who run the fleet">
          <p>The key of an agent sees its own work.</p>
        </Empty>
      </Page>
    );
  if (found) return <Lazy key={path} load={found.view.load} props={{ params: found.params }} />;
  return (
    <Page title="Not found">
      <Empty title="There is no view at this address" />
    </Page>
  );
}

function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, kind }) => (
        <button type="button" key={id} class="notice text" data-kind={kind} onClick={() => dismissNotice(id)}>
          {text}
        </button>
      ))}
    </div>
  );
}
