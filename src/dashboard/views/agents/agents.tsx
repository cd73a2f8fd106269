import { useSignal } from '@preact/signals';
import { type AgentRowFragment, FleetDocument } from '../../../generated/dashboard/agents.js';
import type { LogEvent } from '../../../sdk/index.js';
import { useQuery } from '../../data/use-query.js';
import { useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { navigate, queryValue } from '../../frame/router.js';
import { AgentLink, AgentStatusMark } from '../../parts/marks.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { ACTIONS, Table } from '../../parts/table.js';
import { Ago } from '../../parts/time.js';
import { useTypedFilter } from '../../parts/typed-filter.js';
import { approvalText, Capacity, costText, medianText, PauseButton } from './agent-parts.js';
import './agents.css';

const PAGE = 50;
const EVERY_MS = 1_000;

/** Who works, on what, and how well. */
export default function Agents() {
  const search = queryValue('q');
  const count = useSignal(PAGE);
  const { data, problem, reload } = useQuery({
    key: `${search} ${count.value}`,
    everyMs: EVERY_MS,
    ask: (client, signal) =>
      client
        .request(
          FleetDocument,
          { first: count.value, ...(search === '' ? {} : { filter: { search } }) },
          { signal },
        )
        .then(({ agents }) => agents),
    changesWith: concernsFleet,
  });
  const agents = data.value?.nodes ?? [];
  const at = useSignal(0);
  useKeys([
    { keys: 'j', does: 'Next agent', run: () => (at.value = Math.min(agents.length - 1, at.value + 1)) },
    { keys: 'k', does: 'Previous agent', run: () => (at.value = Math.max(0, at.value - 1)) },
    { keys: 'Enter', does: 'Open the agent', run: () => openAgent(agents[at.value]) },
    { keys: 'o', does: 'Open the agent', run: () => openAgent(agents[at.value]) },
    { keys: '/', does: 'Search', run: () => document.querySelector<HTMLElement>('.agent-search')?.focus() },
  ]);
  return (
    <Page title="Agents" tools={<Search />}>
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {data.value === undefined && problem.value === '' && <Loading />}
      {data.value?.nodes.length === 0 && <NoAgents isSearch={search !== ''} />}
      {agents.length > 0 && <AgentTable agents={agents} selected={agents[at.value]?.id} />}
      {data.value?.pageInfo.hasNextPage && count.value < 100 && (
        <button type="button" onClick={() => (count.value = 100)}>
          Show more of {data.value.totalCount}
        </button>
      )}
    </Page>
  );
}

function concernsFleet({ type }: LogEvent): boolean {
  return type.startsWith('agent.') || type.startsWith('task.');
}

function openAgent(agent: AgentRowFragment | undefined): void {
  if (agent) navigate(`/agents/${encodeURIComponent(agent.name)}`);
}

function Search() {
  const { text, type } = useTypedFilter('q');
  return (
    <input
      type="search"
      class="agent-search"
      name="search"
      aria-label="Search agents"
      placeholder="Search by name or role"
      value={text.value}
      onInput={(event) => type(event.currentTarget.value)}
    />
  );
}

function NoAgents({ isSearch }: { readonly isSearch: boolean }) {
  if (isSearch) return <Empty title="No agent has this name or role" />;
  return (
    <Empty title="No agent has registered yet">
      <p>An agent registers when its worker starts, or with the mutation:</p>
      <pre>{'mutation { registerAgent(input: { name: "scout" }) { agent { id } } }'}</pre>
    </Empty>
  );
}

const number = (title: string) => ({ title, isNumber: true }) as const;

const COLUMNS = [
  ...['Agent', 'Role', 'Status', 'Last call', 'Holds'],
  number('Waiting'),
  ...[{ title: 'Today', hint: 'Done, failed and rejected within 24 hours' }, 'Approved'],
  ...[number('Median'), number('Cost'), ACTIONS],
];

interface TableProps {
  readonly agents: readonly AgentRowFragment[];
  readonly selected: string | undefined;
}

function AgentTable({ agents, selected }: TableProps) {
  return (
    <div class="agent-table">
      <Table columns={COLUMNS} hasPhoneLayout>
        {agents.map((agent) => (
          <Row key={agent.id} agent={agent} isSelected={agent.id === selected} />
        ))}
      </Table>
    </div>
  );
}

function Row({ agent, isSelected }: { readonly agent: AgentRowFragment; readonly isSelected: boolean }) {
  const { completed, failed, rejected } = agent.today;
  return (
    <tr data-selected={isSelected ? '' : undefined}>
      <td>
        <AgentLink name={agent.name} />
      </td>
      <td class="quiet text">{agent.role}</td>
      <td>
        <AgentStatusMark status={agent.status} />
      </td>
      <td class="quiet">{agent.lastSeenAt === null ? 'never' : <Ago at={agent.lastSeenAt} />}</td>
      <td>
        <Capacity agent={agent} />
      </td>
      <td class="number">{agent.waiting.totalCount}</td>
      <td>
        <Ended tone="good" shape="✓" word="done" count={completed} />
        <Ended tone="bad" shape="✕" word="failed" count={failed} />
        <Ended tone="warning" shape="↺" word="rejected" count={rejected} />
      </td>
      <td>{approvalText(agent.today)}</td>
      <td class="number">{medianText(agent.today)}</td>
      <td class="number">{costText(agent.today)}</td>
      <td class="actions">
        <PauseButton agent={agent} />
      </td>
    </tr>
  );
}

interface EndedProps {
  readonly tone: 'good' | 'bad' | 'warning';
  readonly shape: string;
  readonly word: string;
  readonly count: number;
}

/** How many runs ended in a way. None is quiet. */
function Ended({ tone, shape, word, count }: EndedProps) {
  return (
    <span class={`ended ${count > 0 ? tone : 'quiet'}`} title={`${count} ${word}`}>
      <span aria-hidden="true">{shape}</span> {count}
      <span class="visually-hidden"> {word}</span>
    </span>
  );
}
