import { WhyItWaitsDocument } from '../../../generated/dashboard/task.js';
import { useQuery } from '../../data/use-query.js';
import { AgentLink } from '../../parts/marks.js';
import { waitText } from '../../parts/words.js';
import type { TaskDetail } from './task-data.js';

/** How often the agents are asked at most while the fleet is busy, in milliseconds. */
const EVERY_MS = 2_000;
/** Agents beyond these are counted. */
const NAMED = 6;

/** Why a task waits, and what keeps each agent from it. */
export function Waiting({ task }: { readonly task: TaskDetail }) {
  const waitsForAgent = ['INBOX', 'ASSIGNED'].includes(task.status);
  return (
    <div class="standing" data-tone="waiting">
      <p>Waits: {task.waitingOn.map((reason) => waitText(reason).replace(/^waits /, '')).join(', ')}</p>
      {waitsForAgent && <Candidates taskRef={task.ref} />}
    </div>
  );
}

function Candidates({ taskRef }: { readonly taskRef: string }) {
  const { data } = useQuery({
    key: taskRef,
    everyMs: EVERY_MS,
    ask: async (client, signal) =>
      (await client.request(WhyItWaitsDocument, { ref: { ref: taskRef } }, { signal })).task?.candidates ??
      [],
    changesWith: ({ type }) => /^(agent|task|gateway)\./.test(type),
  });
  const candidates = data.value ?? [];
  if (data.value === undefined) return null;
  if (candidates.length === 0) return <p class="quiet">No agent has registered yet.</p>;
  return (
    <ul class="candidates">
      {candidates.slice(0, NAMED).map(({ agent, eligible, reasons }) => (
        <li key={agent.id}>
          <AgentLink name={agent.name} />{' '}
          <span class="quiet text">{eligible ? 'can take it now' : reasons.join(', ')}</span>
        </li>
      ))}
      {candidates.length > NAMED && <li class="quiet">and {candidates.length - NAMED} more agents</li>}
    </ul>
  );
}
