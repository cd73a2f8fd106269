import { hasRole, type Viewer } from '../../domain/actor.js';
import { refuse } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import type { AgentRow } from '../../store/agents/agents.js';

/** @throws {Refusal} FORBIDDEN for the key of an agent that names another agent. */
export function checkMayRegister(viewer: Viewer, known: AgentRow | null): void {
  if (hasRole(viewer, 'OPERATOR')) return;
  if (known === null || known.id !== viewer.agentId) {
    throw new Refusal('FORBIDDEN', 'This key is bound to one agent and cannot register another one.', [
      'name',
    ]);
  }
}

/** The paths in the input of settings whose columns have other names. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  dispatchModel: ['config', 'dispatchModel'],
  defaultModel: ['config', 'defaultModel'],
  gateway: ['config', 'gateway'],
  gatewayAgentId: ['config', 'gatewayAgentId'],
  timeoutMs: ['config', 'timeout'],
  configExtra: ['config', 'extra'],
};

/**
 * The key of an agent may only change its capabilities. With the other settings it could choose the program, model and
 * instruction of its own runs, take more tasks than the operator allows, or make itself a reviewer.
 * @throws {Refusals} FORBIDDEN for each other setting.
 */
export function checkMayChange(viewer: Viewer, changedFields: readonly string[]): void {
  if (hasRole(viewer, 'OPERATOR')) return;
  const refused = changedFields
    .filter((field) => field !== 'capabilities')
    .map((field) => PATHS[field] ?? [field]);
  refuse(
    refused.map((path) => {
      const message = `The key of an agent can change only its capabilities. Ask an operator to change ${path.join('.')}.`;
      return new Refusal('FORBIDDEN', message, path);
    }),
  );
}
