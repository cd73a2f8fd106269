import { setTimeout as delay } from 'node:timers/promises';
import type { StreamRecord } from '../record.js';
import { ADMIN_KEY, type World } from '../world/world.js';
import { Caller } from './caller.js';
import { createWork } from './creators.js';
import { holdKeys } from './key-holders.js';
import { operate } from './operators.js';
import { runPipelines, runSchedules } from './planners.js';
import { workAsAgent } from './pull-agents.js';
import type { Scene } from './scene.js';
import { reviewWithSdk, workWithSdk } from './sdk-workers.js';
import { positionOf, subscribe } from './subscribers.js';

/** The actors of a run. */
export interface Cast {
  /** The key of an agent. */
  readonly workerKey: string;
  /** Resolves when all actors have ended, which they do after the run is over. */
  readonly acted: Promise<unknown>;
  /** Undoes what operators may have left: paused agents and jobs. */
  resumeAll(): Promise<void>;
  /** Ends the subscribers and resolves when they have ended. */
  closeStreams(): Promise<unknown>;
}

/** Agents that claim, with their capacities. The last one has the capability that some tasks require. */
const PULL = [
  { name: 'pull-1', maxCapacity: 1, capabilities: [] },
  { name: 'pull-2', maxCapacity: 2, capabilities: [] },
  { name: 'pull-3', maxCapacity: 1, capabilities: [] },
  { name: 'pull-4', maxCapacity: 3, capabilities: ['special'] },
];
const SDK = ['sdk-1', 'sdk-2'];
/** Agents that the servers call. `aegis` judges the reviews. */
const PUSH = ['push-1', 'push-2', 'aegis'];
const REVIEWER = 'reviewer-1';
/** Claims that each pull agent makes side by side: more than its capacity. */
const SHIFTS = { light: 1, full: 3 } as const;

/** Registers the agents, makes their keys, and lets all actors begin. */
export async function beginCast(scene: Scene, world: World): Promise<Cast> {
  const admin = new Caller(scene, 'admin', ADMIN_KEY);
  const agents = await registerAgents(admin);
  const viewer = await makeKey(admin, { name: 'viewer', role: 'VIEWER' });
  const operator = await makeKey(admin, { name: 'operator', role: 'OPERATOR' });
  const closing = new AbortController();
  const streams = await beginStreams(scene, admin, viewer, closing.signal);
  const doors = scene.doors();
  const doorOf = (place: number) => doors[place % doors.length] ?? '';
  const actors = [
    createWork(scene, new Caller(scene, 'creator', operator), () => countOpen(world)),
    operate(scene, new Caller(scene, 'operator-1', operator)),
    operate(scene, new Caller(scene, 'operator-2', operator)),
    runPipelines(scene, new Caller(scene, 'pipelines', operator)),
    runSchedules(scene, new Caller(scene, 'schedules', operator)),
    holdKeys(scene, new Caller(scene, 'key-holder', ADMIN_KEY)),
    ...PULL.flatMap(({ name }) =>
      Array.from({ length: SHIFTS[scene.plan.load] }, (_, shift) =>
        workAsAgent(scene, callerOf(scene, agents, name, shift), agents.get(name)?.id ?? ''),
      ),
    ),
    ...SDK.map((name, place) => workWithSdk(scene, callerOf(scene, agents, name, 0), doorOf(place))),
    reviewWithSdk(scene, callerOf(scene, agents, REVIEWER, 0), doorOf(2)),
  ];
  return {
    workerKey: agents.get('pull-1')?.key ?? '',
    acted: Promise.all(actors),
    resumeAll: () => resumeAll(admin),
    closeStreams() {
      closing.abort();
      return Promise.all(streams);
    },
  };
}

type Agents = ReadonlyMap<string, { readonly id: string; readonly key: string }>;

function callerOf(scene: Scene, agents: Agents, name: string, shift: number): Caller {
  return new Caller(scene, `${name}.${shift}`, agents.get(name)?.key ?? '');
}

async function registerAgents(admin: Caller): Promise<Agents> {
  const agents = new Map<string, { id: string; key: string }>();
  const inputs = [
    ...PULL,
    ...SDK.map((name) => ({ name, maxCapacity: 2 })),
    { name: REVIEWER, role: 'reviewer' },
    ...PUSH.map((name) => ({ name, maxCapacity: 2, delivery: 'PUSH' as const, config: { gateway: 'echo' } })),
  ];
  for (const input of inputs) {
    const { answer } = await admin.ask((client) => client.registerAgent(input));
    if (answer === undefined) throw new Error(`agent ${input.name} could not be registered`);
    admin.acknowledge('agent', answer.agent.id);
    const key = await makeKey(admin, { name: input.name, role: 'AGENT', agent: { name: input.name } });
    agents.set(input.name, { id: answer.agent.id, key });
  }
  return agents;
}

async function makeKey(
  admin: Caller,
  input: { name: string; role: 'VIEWER' | 'OPERATOR' | 'AGENT'; agent?: { name: string } },
): Promise<string> {
  const { answer } = await admin.ask((client) => client.createApiKey(input));
  if (answer === undefined) throw new Error(`the key ${input.name} could not be created`);
  admin.acknowledge('key', answer.apiKey.id);
  return answer.secret;
}

const AUDIENCE: readonly (Pick<StreamRecord, 'name' | 'transport' | 'isAdmin' | 'types'> & {
  /** When it begins, as a part of the run. All begin after the first event that the suite has seen. */
  readonly at: number;
  readonly isLive?: boolean;
})[] = [
  { name: 'socket, all', transport: 'websocket', isAdmin: true, types: null, at: 0 },
  { name: 'socket, tasks', transport: 'websocket', isAdmin: false, types: ['task'], at: 0 },
  { name: 'socket, live', transport: 'websocket', isAdmin: false, types: null, at: 0.2, isLive: true },
  { name: 'sse, all', transport: 'sse', isAdmin: false, types: null, at: 0 },
  { name: 'sse, runs', transport: 'sse', isAdmin: false, types: ['run', 'task.completed'], at: 0 },
  { name: 'sse, late', transport: 'sse', isAdmin: true, types: null, at: 0.5 },
  { name: 'plain, all', transport: 'plain', isAdmin: false, types: null, at: 0 },
  { name: 'plain, keys', transport: 'plain', isAdmin: true, types: ['key', 'agent'], at: 0 },
  { name: 'plain, late', transport: 'plain', isAdmin: false, types: ['task.status_changed'], at: 0.6 },
];

async function beginStreams(
  scene: Scene,
  admin: Caller,
  viewerKey: string,
  signal: AbortSignal,
): Promise<Promise<void>[]> {
  const { answer } = await admin.ask((client) => client.lastEvents({ last: 1 }));
  const start = answer?.nodes.at(-1)?.cursor;
  if (start === undefined) throw new Error('the log is empty after the agents were registered');
  const doors = scene.doors();
  return AUDIENCE.map(async ({ at, isLive = false, ...facts }, place) => {
    const cursor = isLive ? null : start;
    const after = cursor === null ? null : positionOf(cursor);
    const where = facts.transport === 'plain' ? 'any server' : `server ${(place % doors.length) + 1}`;
    const name = `${facts.name} (${where})`;
    const stream: StreamRecord = {
      ...facts,
      name,
      after,
      until: null,
      seen: [],
      connections: 0,
      complaints: [],
    };
    scene.record.streams.push(stream);
    await delay(at * scene.plan.seconds * 1_000, undefined, { signal }).catch(() => undefined);
    const key = facts.isAdmin ? ADMIN_KEY : viewerKey;
    await subscribe(scene, { stream, key, door: doors[place % doors.length] ?? '', cursor }, signal);
  });
}

/** Tasks that are not finished. Reads past the links; while PostgreSQL does not answer, the number is infinite. */
async function countOpen({ pool }: World): Promise<number> {
  const { rows } = await pool
    .query<{ count: number }>(
      `SELECT count(*)::int FROM tasks WHERE status NOT IN ('DONE', 'FAILED', 'CANCELLED')`,
    )
    .catch(() => ({ rows: [] }));
  return rows[0]?.count ?? Number.POSITIVE_INFINITY;
}

async function resumeAll(admin: Caller): Promise<void> {
  for (const name of [...PULL.map((agent) => agent.name), ...PUSH]) {
    await admin.ask((client) => client.resumeAgent({ agent: { name } }));
    // Operators may have assigned tasks to agents that can't do them.
    const input = { agent: { name }, capabilities: ['special'] };
    await admin.ask((client) => client.updateAgent(input));
  }
  const { answer } = await admin.ask((client) => client.schedulerJobs());
  for (const { name } of answer ?? []) await admin.ask((client) => client.resumeSchedulerJob({ name }));
}
