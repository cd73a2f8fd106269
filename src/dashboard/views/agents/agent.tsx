import { useSignal } from '@preact/signals';
import { OneAgentDocument } from '../../../generated/dashboard/agents.js';
import { isOperator } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { basePath } from '../../frame/router.js';
import { Markdown } from '../../parts/markdown.js';
import { AgentStatusMark, CopiedId, StatusMark, TaskLink } from '../../parts/marks.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { Ago } from '../../parts/time.js';
import type { ViewProps } from '../view.js';
import { AgentDialog } from './agent-dialog.js';
import { AgentKeys } from './agent-keys.js';
import {
  type AgentDetail,
  approvalText,
  Capacity,
  costText,
  medianText,
  PauseButton,
} from './agent-parts.js';
import '../task/task.css';
import './agents.css';

const EVERY_MS = 1_000;

/** One agent: what it is, what it does and how well. */
export default function AgentPage({ params }: ViewProps) {
  const name = params.name ?? '';
  const { data, problem, reload } = useQuery({
    key: name,
    everyMs: EVERY_MS,
    ask: (client, signal) =>
      client.request(OneAgentDocument, { ref: { name } }, { signal }).then(({ agent }) => agent),
    changesWith: ({ type }) => type.startsWith('agent.') || type.startsWith('task.'),
  });
  const agent = data.value;
  return (
    <Page title={name} tools={agent && <Tools agent={agent} />}>
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {agent === undefined && problem.value === '' && <Loading />}
      {agent === null && <Empty title={`There is no agent ${name}`} />}
      {agent && <Details agent={agent} />}
    </Page>
  );
}

function Tools({ agent }: { readonly agent: AgentDetail }) {
  const isEditing = useSignal(false);
  const edit = () => (isEditing.value = true);
  useKeys(isOperator.value ? [{ keys: 'e', does: 'Edit the agent', run: edit }] : []);
  if (!isOperator.value) return null;
  return (
    <>
      <button type="button" title="e" onClick={edit}>
        Edit
      </button>
      <PauseButton agent={agent} />
      {isEditing.value && <AgentDialog agent={agent} onClose={() => (isEditing.value = false)} />}
    </>
  );
}

function Details({ agent }: { readonly agent: AgentDetail }) {
  return (
    <div class="task">
      <div>
        <p class="facts">
          <AgentStatusMark status={agent.status} />
          <span class="text">{agent.role}</span>
          <span class="quiet">
            last call {agent.lastSeenAt === null ? 'never' : <Ago at={agent.lastSeenAt} />}
          </span>
          <Capacity agent={agent} />
          <a href={`${basePath}/board?agent=${encodeURIComponent(agent.name)}`}>
            {agent.waiting.totalCount} waiting
          </a>
          <CopiedId id={agent.id} />
        </p>
        <Stats agent={agent} />
        <section aria-label="SOUL">
          <h2>SOUL</h2>
          {agent.soul ? <Markdown text={agent.soul} /> : <p class="quiet">It has no SOUL.</p>}
        </section>
      </div>
      <div>
        <Settings agent={agent} />
        <AgentKeys agentId={agent.id} />
        <section aria-label="Tasks">
          <h2>Tasks that changed last</h2>
          <ul class="related">
            {agent.recent.nodes.map((task) => (
              <li key={task.id}>
                <StatusMark status={task.status} />
                <span class="ref">{task.ref}</span>
                <TaskLink task={task} />
                <span class="quiet small">
                  <Ago at={task.updatedAt} />
                </span>
              </li>
            ))}
          </ul>
          {agent.recent.nodes.length === 0 && <p class="quiet">It has had no task yet.</p>}
        </section>
      </div>
    </div>
  );
}

function Stats({ agent }: { readonly agent: AgentDetail }) {
  const periods = [
    ['Today', agent.today],
    ['7 days', agent.week],
    ['30 days', agent.month],
  ] as const;
  return (
    <Table columns={['Period', 'Done', 'Failed', 'Rejected', 'Approved', 'Median', 'Cost']}>
      {periods.map(([period, stats]) => (
        <tr key={period}>
          <td>{period}</td>
          <td>{stats.completed}</td>
          <td>{stats.failed}</td>
          <td>{stats.rejected}</td>
          <td>{approvalText(stats)}</td>
          <td>{medianText(stats)}</td>
          <td>{costText(stats)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Settings({ agent }: { readonly agent: AgentDetail }) {
  const { config, capabilities } = agent;
  const facts = [
    ['Delivery', agent.delivery.toLowerCase()],
    ['Inbox', agent.acceptsInbox ? 'takes tasks of the inbox' : 'only assigned tasks'],
    ['Capabilities', capabilities.join(', ')],
    ['Gateway', [config.gateway, config.gatewayAgentId].filter(Boolean).join(' / ')],
    ['Models', [config.dispatchModel, config.defaultModel].filter(Boolean).join(', ')],
    ['Time limit', config.timeout ?? ''],
  ].filter(([, value]) => value !== '');
  return (
    <section aria-label="Settings">
      <h2>Settings</h2>
      <dl class="settings">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt class="quiet">{name}</dt>
            <dd class="text">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
