import { attentionCount } from '../data/attention.js';
import { countIn } from '../data/overview.js';
import { serverFacts } from '../data/server.js';
import { session, signOut } from '../data/session.js';
import { Icon } from '../parts/icon.js';
import { railViews } from '../views/registry.js';
import type { View } from '../views/view.js';
import './rail.css';
import { ConnectionDot } from './connection-state.js';
import { basePath, location } from './router.js';
import { switchTheme, theme } from './theme.js';

const counts: Readonly<Record<string, () => number | null>> = {
  '/': () => attentionCount.value,
  '/reviews': () => countIn('REVIEW'),
};

/** The views, and at its foot the server and the connection. On a narrow page it is a row of pictures. */
export function Rail() {
  return (
    <nav class="rail" aria-label="Views">
      <a class="brand" href={`${basePath}/`} title="Mission Control">
        <span class="brand-mark" aria-hidden="true">
          ◆
        </span>
        <span class="rail-word">Mission Control</span>
      </a>
      <ul>
        {railViews().map((view) => (
          <RailLink key={view.path} view={view} />
        ))}
      </ul>
      <RailFoot />
    </nav>
  );
}

function RailLink({ view }: { readonly view: View }) {
  const { path } = location.value;
  const isHere = view.path === '/' ? path === '/' : path === view.path || path.startsWith(`${view.path}/`);
  const count = counts[view.path]?.() ?? 0;
  return (
    <li>
      <a
        href={basePath + view.path}
        aria-current={isHere ? 'page' : undefined}
        title={`${view.title} (g ${view.rail?.key})`}
      >
        <Icon name={view.rail?.icon ?? ''} />
        <span class="rail-word">{view.title}</span>
        {count > 0 && <span class="count">{count > 999 ? '999+' : count}</span>}
      </a>
    </li>
  );
}

function RailFoot() {
  const name = session.value?.agent?.name ?? session.value?.keyName ?? '';
  return (
    <div class="rail-foot small">
      <ConnectionDot />
      <span class="rail-word quiet cut" title={serverFacts.value?.database}>
        {serverFacts.value ? `v${serverFacts.value.version}` : ''} · {name} (
        {session.value?.role.toLowerCase()})
      </span>
      <span class="rail-word rail-buttons">
        <button type="button" class="plain quiet" onClick={switchTheme}>
          Theme: {theme.value}
        </button>
        <button type="button" class="plain quiet" onClick={() => signOut()}>
          Sign out
        </button>
      </span>
    </div>
  );
}
