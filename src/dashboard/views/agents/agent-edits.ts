import type { AgentDelivery, UpdateAgentInput } from '../../../sdk/index.js';
import { textOf, wordsOf } from '../../parts/form-values.js';
import type { AgentDetail } from './agent-parts.js';

/** The settings of an agent that an edit may change. */
type Edits = Omit<UpdateAgentInput, 'agent' | 'expectedVersion'>;

/** What differs from the agent, so that an edit does not overwrite what others change meanwhile. */
export function editsOf(fields: FormData, agent: AgentDetail): Edits {
  const line = (name: string) => textOf(fields, name) || null;
  const { config, ...settings } = {
    role: textOf(fields, 'role'),
    soul: line('soul'),
    capabilities: wordsOf(textOf(fields, 'capabilities')),
    maxCapacity: Number(textOf(fields, 'maxCapacity')),
    acceptsInbox: textOf(fields, 'acceptsInbox') === 'YES',
    delivery: textOf(fields, 'delivery') as AgentDelivery,
    config: {
      gateway: line('gateway'),
      gatewayAgentId: line('gatewayAgentId'),
      dispatchModel: line('dispatchModel'),
      defaultModel: line('defaultModel'),
      timeout: line('timeout'),
    },
  };
  const before = { ...agent, soul: agent.soul?.trim() || null };
  const configEdits = changesIn(config, agent.config);
  return {
    ...changesIn(settings, before),
    ...(Object.keys(configEdits).length > 0 ? { config: configEdits } : {}),
  };
}

function changesIn<Values extends object>(values: Values, before: object): Partial<Values> {
  const known = before as Readonly<Record<string, unknown>>;
  const changed = Object.entries(values).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(known[name]),
  );
  return Object.fromEntries(changed) as Partial<Values>;
}
