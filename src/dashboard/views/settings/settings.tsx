import type { ApiKeyRole } from '../../../sdk/index.js';
import { isOperator, session } from '../../data/session.js';
import { Page } from '../../frame/page.js';
import { basePath } from '../../frame/router.js';
import { Empty } from '../../parts/states.js';
import type { ViewProps } from '../view.js';
import { Facts } from './facts.js';
import { Keys } from './keys.js';
import { Routing } from './routing.js';
import { Webhooks } from './webhooks.js';
import './settings.css';

/** The parts of the settings. Only an admin may see keys, and viewers may not see webhooks. */
function partsOf(role: ApiKeyRole | undefined) {
  return [
    ...(role === 'ADMIN' ? [{ name: 'keys', title: 'Keys', Part: Keys }] : []),
    ...(isOperator.value ? [{ name: 'webhooks', title: 'Webhooks', Part: Webhooks }] : []),
    { name: 'models', title: 'Models', Part: Routing },
    { name: 'server', title: 'Server', Part: Facts },
  ];
}

/** Keys, the routing of models, and what the server says about itself. */
export default function Settings({ params }: ViewProps) {
  const parts = partsOf(session.value?.role);
  const found = parts.find(({ name }) => name === (params.part ?? parts[0]?.name));
  return (
    <Page
      title="Settings"
      tools={
        <nav class="segments-nav" aria-label="Settings">
          {parts.map(({ name, title }) => (
            <a
              key={name}
              class="button"
              href={`${basePath}/settings/${name}`}
              aria-current={name === found?.name ? 'page' : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
      }
    >
      {found ? <found.Part /> : <Empty title="There are no such settings for this key" />}
    </Page>
  );
}
