import type { Client, ViewerQuery } from '../../sdk/index.js';
import { oneLine } from '../../verbs/looks/look.js';
import { words } from '../../verbs/looks/words.js';
import { defineCommand } from './command.js';

export const prime = defineCommand({
  name: 'prime',
  summary: 'Prints what an agent needs to start: who it is, how to work, the present state.',
  use: 'Use it at the beginning of a session of an agent, as its first command or in a hook.',
  avoid: 'People read "mc help agents".',
  examples: ['mc prime', 'mc prime --agent scout'],
  options: (command) => command.option('--agent <name>', 'The agent, for a key that is bound to none.'),
  async run(session, command) {
    const client = await session.client();
    const viewer = await client.viewer(session);
    const name = viewer.agent?.name ?? command.opts<{ agent?: string }>().agent;
    await session.printer.text(primer(viewer, name, await stateLines(client, name)));
  },
});

/** At most 1,500 tokens: it is read at the start of every session. */
function primer(
  { role, agent }: ViewerQuery['viewer'],
  name: string | undefined,
  state: readonly string[],
): string {
  const flag = agent || name === undefined ? '' : ` --agent ${name}`;
  return `# Mission Control

You are ${name === undefined ? 'not named yet: pass --agent NAME' : `the agent ${name}`} (key: ${words(role)}).
Work comes from a queue. You claim one task, do it, and hand in the result; a reviewer accepts it or sends it back.

Claim:      mc task claim${flag} --json            (add --wait 50 to wait for work)
            The answer has task (title, description, comments, feedback of earlier reviews) and run.id.
            "reason" says why there is none; that is not an error.
Progress:   mc task progress RUN "What you are doing" --percent 40
Keep it:    mc task renew RUN                        every few minutes during long work
Hand in:    mc task complete RUN --resolution @result.md
Give up:    mc task fail RUN --error "What went wrong"
Give back:  mc task release RUN --reason "…"          (add --pass for another agent)
Ask:        mc question ask RUN "Your question"       ends the run; the answer brings the task back to you
More work:  mc task create "Title" --description "…" --depends-on TASK-1

Rules
- RUN is run.id of your claim. It proves that you hold the task. If a command answers LEASE_LOST, stop working on it.
- If the task was rejected before, its reviews have the feedback: do what it says.
- --json prints JSON, --fields ref,title keeps answers small. Exit code 0 is success, 1 a refusal with its reason.
- Long texts come from a file (@file) or from standard input (-).

Now
${state.map((line) => `- ${line}`).join('\n')}
`;
}

/** The present state in five lines at most, of what this key may see. */
async function stateLines(client: Client, name: string | undefined): Promise<string[]> {
  const assignee = name === undefined ? undefined : [{ name }];
  const [open, review] = await Promise.all([
    client.tasks({
      first: 3,
      filter: { status: ['IN_PROGRESS', 'ASSIGNED'], assignee },
      orderBy: { field: 'QUEUE', direction: 'ASC' },
    }),
    client.tasks({ first: 1, filter: { status: ['REVIEW'], assignee } }),
  ]);
  const tasks = open.nodes.map(
    (task) =>
      `${task.ref} ${words(task.status)}, ${words(task.priority)}: ${oneLine(task.title).slice(0, 100)}`,
  );
  return [
    ...(tasks.length > 0 ? tasks : ['No task is assigned or in progress.']),
    review.nodes.length > 0
      ? 'Finished work waits for a verdict: mc review list'
      : 'No work waits for a verdict.',
  ];
}
