import { explainAgentRef, findAgentByRef } from '../../services/agents/read-agents.js';
import { type AgentRef, findTaskRefMistake, nameOf, type TaskRef } from '../../services/refs.js';
import { findTaskByRef } from '../../services/tasks/read-tasks.js';
import type { GraphqlContext } from '../context.js';
import { badUserInput, refuseMistake } from './protocol-errors.js';

/** The id of the task that a filter names. @throws BAD_USER_INPUT if there is none that the key may see. */
export async function idOfTask({ services, viewer }: GraphqlContext, ref: TaskRef): Promise<string> {
  refuseMistake(findTaskRefMistake(ref));
  const task = await findTaskByRef(services, viewer, ref, []);
  if (task === null) throw badUserInput(`There is no task ${nameOf(ref)} that this API key may see.`);
  return task.id;
}

/** The id of the agent that a filter names. @throws BAD_USER_INPUT if there is none. */
export async function idOfAgent({ services }: GraphqlContext, ref: AgentRef): Promise<string> {
  const agent = await findAgentByRef(services, ref, []);
  if (agent === null)
    throw badUserInput((await explainAgentRef(services, ref)) ?? `There is no agent ${nameOf(ref)}.`);
  return agent.id;
}
