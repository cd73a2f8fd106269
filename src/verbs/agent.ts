import * as z from 'zod';
import {
  actingAgent,
  agent,
  expectedVersion,
  maybeCount,
  maybeObject,
  maybeOneOf,
  maybeSomeOf,
  maybeText,
  maybeWords,
  page,
  text,
} from './fields.js';
import { nextOf, nodesOf, readList, viewList } from './list.js';
import { agentColumns, agentDone, agentRow, agentView } from './looks/agent-look.js';
import { done, lines, oneLine } from './looks/look.js';
import { count } from './looks/words.js';
import { toAgentRef, toOptionalAgent } from './refs.js';
import { notFound } from './task/read.js';
import { readTotals } from './totals.js';
import { defineVerb, effects } from './verb.js';

const profile = {
  role: maybeText(
    'Its role: coder, reviewer, tester, devops, researcher, assistant, agent, or another word.',
  ),
  capabilities: maybeWords('Words that describe what it can do.'),
  maxCapacity: maybeCount('The maximum number of tasks in progress.', 1, 100),
  delivery: maybeOneOf(['PULL', 'PUSH'], 'Whether it asks for work (PULL) or is called (PUSH).'),
  acceptsInbox: z.boolean().optional().describe('Whether it gets tasks of the inbox.'),
  soul: maybeText('Its standing instructions, in Markdown.'),
  soulTemplate: maybeText('The name of a template to use as soul.'),
  gateway: maybeText('The gateway that runs it.'),
  gatewayAgentId: maybeText('Its name at the gateway, if it differs.'),
  defaultModel: maybeText('The model for tasks to which no routing rule applies.'),
  dispatchModel: maybeText('The model for all its tasks.'),
  timeout: maybeText('The maximum duration of one run: 10m or PT10M.'),
  extra: maybeObject('Your own settings. The server stores them and never reads them.'),
};

type Profile = { readonly [Key in keyof typeof profile]?: z.infer<(typeof profile)[Key]> };

/** The configuration is one object of the API, and replaced as a whole only by what is given. */
function toProfile(given: Profile) {
  const { gateway, gatewayAgentId, defaultModel, dispatchModel, timeout, extra, ...rest } = given;
  const config = { gateway, gatewayAgentId, defaultModel, dispatchModel, timeout, extra };
  return { ...rest, config: Object.values(config).some((value) => value !== undefined) ? config : undefined };
}

const register = defineVerb({
  name: 'agent register',
  summary: 'Registers an agent, or updates the one with this name.',
  use: 'Use it before the first claim, and at each start of an agent to say what it can do.',
  avoid: 'Its key is made by "key create --role agent --agent NAME".',
  operations: ['registerAgent'],
  effect: effects.sets,
  input: z.strictObject({ name: text('Its unique name.'), ...profile }),
  places: ['name'],
  texts: ['soul'],
  examples: [
    'mc agent register scout --role coder --max-capacity 2',
    'mc agent register aegis --role reviewer --soul-template reviewer',
  ],
  run: (client, { name, ...given }, options) => client.registerAgent({ name, ...toProfile(given) }, options),
  data: ({ agent: registered }) => registered,
  view: ({ agent: registered, created }, look) =>
    lines(agentDone(look, registered, created ? 'registered' : 'updated')),
});

const list = defineVerb({
  name: 'agent list',
  summary: 'Lists the agents with their status and load.',
  use: 'Use it to see who is online, busy, paused or gone.',
  avoid: 'For one agent with its settings and statistics use "agent show".',
  operations: ['agents', 'overview'],
  effect: effects.reads,
  input: z.strictObject({
    status: maybeSomeOf(
      ['IDLE', 'BUSY', 'PAUSED', 'OFFLINE', 'ERROR'],
      'Only agents with any of these statuses.',
    ),
    role: maybeWords('Only agents with any of these roles.'),
    search: maybeText('Only agents with this text in name or role.'),
    ...page,
  }),
  examples: ['mc agent list', 'mc agent list --status idle,busy --json --fields name,status'],
  run: async (client, { limit, after, all, ...filter }, options) => {
    const found = await readList(client.agents({ first: limit, after, filter }, options), all);
    const isPart = found.next !== null && after === undefined && Object.keys(filter).length === 0;
    return isPart ? { ...found, total: (await readTotals(client, options))?.agentsTotal } : found;
  },
  data: nodesOf,
  next: nextOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: agentColumns,
      row: (node) => agentRow(node, look),
      empty: 'No agents. Register one: mc agent register NAME',
      hint: ({ name }) => `mc agent show ${name}`,
    }),
});

const show = defineVerb({
  name: 'agent show',
  summary: 'Shows one agent: status, load, settings, statistics and soul.',
  use: 'Use it to see how an agent is set up and how it does.',
  avoid: 'For its tasks use "task list --assignee NAME".',
  operations: ['agent'],
  effect: effects.reads,
  input: z.strictObject({ agent }),
  places: ['agent'],
  examples: ['mc agent show scout', 'mc agent show scout --json --fields name,stats'],
  run: async (client, { agent: word }, options) => {
    const found = await client.agent({ ref: toAgentRef(word) }, options);
    if (found === null) throw notFound(`agent ${word}`);
    return found;
  },
  view: agentView,
});

const edit = defineVerb({
  name: 'agent edit',
  summary: 'Changes an agent: role, capabilities, capacity, delivery, gateway, models, soul.',
  use: 'Use it as an operator to change what was registered.',
  avoid: 'To stop new work for it use "agent pause".',
  operations: ['updateAgent'],
  effect: effects.sets,
  input: z.strictObject({ agent, ...profile, expectedVersion }),
  places: ['agent'],
  texts: ['soul'],
  examples: ['mc agent edit scout --max-capacity 3', 'mc agent edit scout --dispatch-model claude-opus'],
  run: async (client, { agent: word, expectedVersion: version, ...given }, options) =>
    (
      await client.updateAgent(
        { agent: toAgentRef(word), expectedVersion: version, ...toProfile(given) },
        options,
      )
    ).agent,
  view: (changed, look) => lines(agentDone(look, changed, 'changed')),
});

const pause = defineVerb({
  name: 'agent pause',
  summary: 'Stops handing new work to an agent. It may finish what it holds.',
  use: 'Use it before maintenance, or when an agent misbehaves.',
  avoid: 'To take its present tasks away as well use "agent disconnect".',
  operations: ['pauseAgent'],
  effect: effects.sets,
  input: z.strictObject({ agent }),
  places: ['agent'],
  examples: ['mc agent pause scout', 'mc agent pause scout --json'],
  run: async (client, { agent: word }, options) =>
    (await client.pauseAgent({ agent: toAgentRef(word) }, options)).agent,
  view: (changed, look) => lines(agentDone(look, changed, 'paused')),
});

const resume = defineVerb({
  name: 'agent resume',
  summary: 'Hands work to a paused agent again.',
  use: 'Use it after "agent pause".',
  avoid: 'An agent that is offline comes back by itself with its next call.',
  operations: ['resumeAgent'],
  effect: effects.sets,
  input: z.strictObject({ agent }),
  places: ['agent'],
  examples: ['mc agent resume scout', 'mc agent resume scout --json'],
  run: async (client, { agent: word }, options) =>
    (await client.resumeAgent({ agent: toAgentRef(word) }, options)).agent,
  view: (changed, look) => lines(agentDone(look, changed, 'resumed')),
});

const disconnect = defineVerb({
  name: 'agent disconnect',
  summary: 'An agent leaves: everything that it holds returns to the queue at once.',
  use: 'Use it when an agent stops, so that its tasks need not wait for the end of their leases.',
  avoid: 'To let it finish use "agent pause".',
  operations: ['disconnectAgent'],
  effect: effects.removes,
  input: z.strictObject({ agent: actingAgent }),
  places: ['agent'],
  examples: ['mc agent disconnect scout', 'mc agent disconnect scout --json'],
  run: async (client, { agent: word }, options) =>
    (await client.disconnectAgent({ agent: toOptionalAgent(word) }, options)).agent,
  view: (changed, look) => lines(agentDone(look, changed, 'disconnected')),
});

const heartbeat = defineVerb({
  name: 'agent heartbeat',
  summary: 'Tells the server that an agent lives, and renews its leases.',
  use: 'Use it in scripts that work on several runs at once.',
  avoid: '"mc worker" does this by itself; for one run use "task renew".',
  operations: ['heartbeat'],
  effect: effects.sets,
  input: z.strictObject({
    agent: actingAgent,
    runIds: maybeWords('The runs on which the agent works.'),
    onlyRunIds: z.boolean().optional().describe('Renews only the leases of these runs.'),
    lease: maybeText('The new length of every lease: 10m or PT10M.'),
  }),
  places: ['agent'],
  examples: ['mc agent heartbeat scout', 'mc agent heartbeat scout --run-ids run_01k8… --json'],
  run: (client, { agent: word, ...given }, options) =>
    client.heartbeat({ ...given, agent: toOptionalAgent(word) }, options),
  view: ({ runs, lostRuns }, look) =>
    lines(
      done(look, `${count(runs.length, 'lease')} renewed`),
      ...lostRuns.map(({ runId, task, reason }) =>
        look.paint('bad', `${runId} of ${task.ref} is lost${reason ? `: ${oneLine(reason)}` : ''}`),
      ),
    ),
});

const soul = defineVerb({
  name: 'agent soul',
  summary: 'Shows the standing instructions of an agent, or replaces them.',
  use: 'Use it with a text, a file or a template to set the soul, and without to read it.',
  avoid: 'For other settings use "agent edit".',
  operations: ['agent', 'updateAgent'],
  effect: effects.sets,
  input: z.strictObject({
    agent,
    set: maybeText('The new instructions, in Markdown.'),
    template: maybeText('The name of a template: see "agent souls".'),
  }),
  places: ['agent'],
  texts: ['set'],
  examples: ['mc agent soul aegis --template reviewer', 'mc agent soul scout --set @soul.md'],
  run: async (client, { agent: word, set, template }, options) => {
    if (set !== undefined || template !== undefined)
      await client.updateAgent({ agent: toAgentRef(word), soul: set, soulTemplate: template }, options);
    const found = await client.agent({ ref: toAgentRef(word) }, options);
    if (found === null) throw notFound(`agent ${word}`);
    return { name: found.name, soul: found.soul };
  },
  view: ({ name, soul: body }) =>
    lines(body ?? `${name} has no soul. Set one: mc agent soul ${name} --set @soul.md`),
});

const souls = defineVerb({
  name: 'agent souls',
  summary: 'Lists the templates of souls.',
  use: 'Use it to find the name of a template.',
  avoid: 'To set one use "agent soul NAME --template TEMPLATE".',
  operations: ['soulTemplates'],
  effect: effects.reads,
  input: z.strictObject({}),
  examples: ['mc agent souls', 'mc agent souls --json --fields name,body'],
  run: (client, _input, options) => client.soulTemplates(options),
  view: (templates) => ({
    parts: [
      {
        columns: ['TEMPLATE', 'DESCRIPTION'],
        rows: templates.map(({ name, description }) => [name, oneLine(description)]),
      },
    ],
  }),
});

export const agentVerbs = [register, list, show, edit, pause, resume, disconnect, heartbeat, soul, souls];
