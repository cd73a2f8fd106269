import { isDeepStrictEqual } from 'node:util';
import { toActor, type Viewer } from '../../domain/actor.js';
import { type DeliveryFacts, decideDelivery } from '../../domain/agents/delivery.js';
import { findSoulTemplate, renderSoul, SOUL_TEMPLATES } from '../../domain/agents/soul-templates.js';
import { findMistakes, refuse, refuseNulls } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { newId } from '../../kernel/ids.js';
import { toJsonObject } from '../../kernel/json.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { type AgentRow, insertAgent, lockAgent, updateAgentRow } from '../../store/agents/agents.js';
import { checkVersion } from '../check-version.js';
import { type AgentRef, explainNoAgent, toAgentKey, toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { checkMayChange, checkMayRegister } from './agent-key-rights.js';
import { announceStatus } from './announce-status.js';
import { checkGateway } from './check-gateway.js';

export interface AgentConfig {
  readonly dispatchModel?: string | null | undefined;
  readonly defaultModel?: string | null | undefined;
  readonly gateway?: string | null | undefined;
  readonly gatewayAgentId?: string | null | undefined;
  /** Milliseconds. */
  readonly timeout?: number | null | undefined;
  readonly extra?: Record<string, unknown> | null | undefined;
}

export interface AgentSettings {
  readonly role?: string | null | undefined;
  readonly capabilities?: readonly string[] | null | undefined;
  readonly maxCapacity?: number | null | undefined;
  /** Default of a new agent: true, unless it is a reviewer. */
  readonly acceptsInbox?: boolean | null | undefined;
  readonly delivery?: AgentRow['delivery'] | null | undefined;
  readonly soul?: string | null | undefined;
  readonly soulTemplate?: string | null | undefined;
  readonly config?: AgentConfig | null | undefined;
}

export interface RegisteredAgent {
  readonly agent: AgentRow;
  /** False if an existing agent with this name was updated. */
  readonly created: boolean;
}

/**
 * Registers an agent, or updates the one with this name with the given settings. Updates `lastSeenAt`.
 * @throws {Refusal} UNKNOWN_TEMPLATE; UNKNOWN_GATEWAY; FORBIDDEN for an AGENT key that names another agent, or changes more
 * than its capabilities.
 */
export async function registerAgent(
  context: ServiceContext,
  viewer: Viewer,
  input: AgentSettings & { readonly name: string },
): Promise<RegisteredAgent> {
  refuse([...findMistakes(input, [['name', 'agentName']]), ...findSettingMistakes(input)]);
  return inTransaction(context.database, async (tx) => {
    const known = await lockAgent(tx, { name: input.name });
    checkMayRegister(viewer, known);
    const registered =
      known === null
        ? await createOrRefresh(context, tx, viewer, input)
        : await refresh(context, tx, viewer, known, input);
    // After the rights: the message names the gateways of the server.
    checkGateway(context, input.config?.gateway, known?.gateway ?? null);
    await announceStatus(context, tx, registered.agent.id, toActor(viewer), { seen: true });
    const agent = await lockAgent(tx, { id: registered.agent.id });
    return { agent: agent ?? registered.agent, created: registered.created };
  });
}

export interface UpdateAgent extends AgentSettings {
  readonly agent: AgentRef;
  readonly expectedVersion?: number | null | undefined;
}

/**
 * Changes the given settings. If nothing changes, it succeeds without a new version and without an event.
 * @throws {VersionConflict} if `expectedVersion` is not the stored one.
 * @throws {Refusal} UNKNOWN_AGENT, UNKNOWN_TEMPLATE, UNKNOWN_GATEWAY, and INVALID for null in a setting that cannot be cleared.
 */
export async function updateAgent(
  context: ServiceContext,
  viewer: Viewer,
  input: UpdateAgent,
): Promise<AgentRow> {
  refuseNulls(input, ['role', 'capabilities', 'maxCapacity', 'acceptsInbox', 'delivery', 'config']);
  refuse(findSettingMistakes(input));
  return inTransaction(context.database, async (tx) => {
    const agent = await lockAgent(tx, toAgentKey(input.agent));
    if (agent === null) {
      throw new Refusal('UNKNOWN_AGENT', explainNoAgent(input.agent), ['agent']);
    }
    checkVersion(agent, input.expectedVersion);
    checkGateway(context, input.config?.gateway, agent.gateway);
    const { agent: updated } = await refresh(context, tx, viewer, agent, input);
    await announceStatus(context, tx, agent.id, toActor(viewer));
    return updated;
  });
}

function findSettingMistakes(input: AgentSettings): Refusal[] {
  return [
    ...findMistakes(input, ['role', 'capabilities', 'maxCapacity', 'soul']),
    ...findMistakes(
      input.config,
      [
        ['dispatchModel', 'settingText'],
        ['defaultModel', 'settingText'],
        ['gateway', 'settingText'],
        ['gatewayAgentId', 'settingText'],
        ['timeout', 'timeoutMs'],
        'extra',
      ],
      ['config'],
    ),
  ];
}

async function createOrRefresh(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  input: AgentSettings & { readonly name: string },
): Promise<RegisteredAgent> {
  const role = input.role ?? 'agent';
  const created = await insertAgent(tx, {
    id: newId('agt'),
    name: input.name,
    role,
    capabilities: [],
    // A reviewer that takes tasks could not judge them.
    acceptsInbox: role !== 'reviewer' && input.name !== context.settings.coordinatorAgent,
    ...settingsOf(input, { name: input.name, role }),
    ...deliveryOf(context, { name: input.name, role, ...NEVER_SET }, input),
  });
  if (created !== null) {
    tx.emit({ type: 'agent.created', actor: toActor(viewer), agentId: created.id });
    return { agent: created, created: true };
  }
  // Another process registered the name between the read and the insert.
  const known = await lockAgent(tx, { name: input.name });
  if (known === null) throw new Error(`agent ${input.name} was neither inserted nor found`);
  return refresh(context, tx, viewer, known, input);
}

async function refresh(
  context: ServiceContext,
  tx: Transaction,
  viewer: Viewer,
  agent: AgentRow,
  input: AgentSettings,
): Promise<RegisteredAgent> {
  const role = input.role ?? agent.role;
  const requested = {
    role,
    ...settingsOf(input, { name: agent.name, role }),
    ...deliveryOf(context, { ...agent, role }, input),
  };
  const stored = new Map(Object.entries(agent));
  const changes = Object.fromEntries(
    Object.entries(requested).filter(([name, value]) => !isDeepStrictEqual(value, stored.get(name))),
  );
  const changedFields = [
    ...new Set(Object.keys(changes).map((name) => (name === 'deliveryChosen' ? 'delivery' : name))),
  ];
  // Without a delivery in the input it follows from the role, so it may change although the caller has not changed it.
  checkMayChange(
    viewer,
    input.delivery ? changedFields : changedFields.filter((name) => name !== 'delivery'),
  );
  if (changedFields.length === 0) return { agent, created: false };
  // Its gateway may accept it now: the next call shows it.
  const updated = await updateAgentRow(tx, agent.id, { ...changes, errorAt: null });
  if (updated === null) throw new Error(`agent ${agent.id} vanished while its row was locked`);
  tx.emit({
    type: 'agent.updated',
    actor: toActor(viewer),
    agentId: agent.id,
    payload: { changedFields },
  });
  return { agent: updated, created: false };
}

const NEVER_SET = { delivery: 'PULL', deliveryChosen: false, askedAt: null } as const;

/** The delivery that is given, or the one that follows from the role. */
function deliveryOf(
  { settings }: ServiceContext,
  agent: DeliveryFacts,
  { delivery }: AgentSettings,
): Pick<AgentRow, 'delivery' | 'deliveryChosen'> {
  if (delivery) return { delivery, deliveryChosen: true };
  return { delivery: decideDelivery(agent, settings), deliveryChosen: agent.deliveryChosen };
}

/** The columns of the given settings; omitted settings stay unchanged. */
function settingsOf(
  input: AgentSettings,
  who: { readonly name: string; readonly role: string },
): Partial<AgentRow> {
  const { config } = input;
  return withoutUndefined({
    capabilities: input.capabilities ? [...new Set(input.capabilities)] : undefined,
    maxCapacity: input.maxCapacity ?? undefined,
    acceptsInbox: input.acceptsInbox ?? undefined,
    soul: soulOf(input, who),
    dispatchModel: config?.dispatchModel,
    defaultModel: config?.defaultModel,
    gateway: config?.gateway,
    gatewayAgentId: config?.gatewayAgentId,
    timeoutMs: typeof config?.timeout === 'number' ? BigInt(Math.round(config.timeout)) : config?.timeout,
    configExtra: config?.extra ? toJsonObject(config.extra) : undefined,
  });
}

function soulOf(
  input: AgentSettings,
  who: { readonly name: string; readonly role: string },
): string | null | undefined {
  if (!input.soulTemplate) return input.soul;
  if (typeof input.soul === 'string') {
    throw new Refusal('INVALID', 'Give either soul or soulTemplate, not both.', ['soulTemplate']);
  }
  const template = findSoulTemplate(input.soulTemplate);
  if (template === null) {
    throw new Refusal(
      'UNKNOWN_TEMPLATE',
      `There is no SOUL template ${toShown(input.soulTemplate)}: there are ${SOUL_TEMPLATES.map(({ name }) => name).join(', ')}.`,
      ['soulTemplate'],
    );
  }
  return renderSoul(template, who);
}

type WithoutUndefined<Row> = { [Name in keyof Row]: Exclude<Row[Name], undefined> };

function withoutUndefined<Row extends object>(row: Row): WithoutUndefined<Row> {
  const given = Object.entries(row).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as WithoutUndefined<Row>;
}
