import type {
  AgentPeriodFragment,
  AgentRowFragment,
  OneAgentQuery,
} from '../../../generated/dashboard/agents.js';
import { isOperator, messageOf, session } from '../../data/session.js';
import { notify } from '../../frame/notices.js';
import { basePath } from '../../frame/router.js';
import { lengthText } from '../../parts/time.js';

/** An agent with everything that its page shows. */
export type AgentDetail = NonNullable<OneAgentQuery['agent']>;

type Stats = AgentPeriodFragment;

/** How much of its capacity an agent uses, with the tasks that it holds. */
export function Capacity({ agent }: { readonly agent: AgentRowFragment }) {
  const { activeTaskCount: used, maxCapacity: all, held } = agent;
  const isFull = used >= all;
  return (
    <span class="capacity">
      <span class="bar" aria-hidden="true">
        <i
          class="bar-fill"
          data-full={isFull ? '' : undefined}
          style={{ width: `${all === 0 ? 0 : Math.min(100, (used / all) * 100)}%` }}
        />
      </span>
      <span>
        {used}/{all}
      </span>
      {held.nodes.map((task) => (
        <a key={task.id} class="ref" href={`${basePath}/tasks/${task.ref}`} title={task.title}>
          {task.ref}
        </a>
      ))}
      {held.totalCount > held.nodes.length && (
        <span class="quiet">+{held.totalCount - held.nodes.length}</span>
      )}
    </span>
  );
}

/** The share of approved work, with the number of verdicts behind it: of two verdicts it says little. */
export function approvalText({ approvalRate, verdicts }: Stats): string {
  return approvalRate === null ? '–' : `${Math.round(approvalRate * 100)} % of ${verdicts}`;
}

/** The usual duration of a run. */
export function medianText({ medianDurationMs }: Stats): string {
  return medianDurationMs === null ? '–' : lengthText(medianDurationMs);
}

/** What the work cost, as far as it is known. */
export function costText({ costUsd }: Stats): string {
  return costUsd === null ? '–' : `$${costUsd.toFixed(2)}`;
}

/** Stops new work for the agent, or lets it begin again. */
export function PauseButton({
  agent,
}: {
  readonly agent: { readonly id: string; readonly name: string; readonly status: string };
}) {
  if (!isOperator.value) return null;
  const isPaused = agent.status === 'PAUSED';
  const toggle = async () => {
    const client = session.value?.client;
    const ref = { agent: { id: agent.id } };
    try {
      await (isPaused ? client?.resumeAgent(ref) : client?.pauseAgent(ref));
      notify(`${agent.name} is ${isPaused ? 'resumed' : 'paused'}`);
    } catch (error) {
      notify(messageOf(error), 'bad');
    }
  };
  return (
    <button type="button" onClick={() => void toggle()}>
      {isPaused ? 'Resume' : 'Pause'}
    </button>
  );
}
