import { sdkAgent } from '../support/servers/sdk-client.js';
import type { Dashboard } from './fixture.js';

const titles = [
  'Write the release notes for 2.4',
  'Migrate the invoices table to bigint ids',
  'Fix the flaky upload test on Windows',
  'Summarise the support tickets of last week',
  'Translate the onboarding mails into Spanish and Portuguese',
  'Investigate why exports time out for large accounts',
  'Draft an answer to the security questionnaire',
  'Measure the cold start of the worker image',
];
const priorities = ['CRITICAL', 'HIGH', 'MEDIUM', 'MEDIUM', 'LOW'] as const;
const description =
  'Read the `README` first.\n\n1. Keep the format\n2. Name what is left\n\n```ts\nconst answer = 42;\n```';
const result = '## Summary\n\nThe notes are in `docs/notes.md`.\n\n- 12 features\n- 31 fixes';

const question = {
  text: 'Which region do the answers apply to?',
  kind: 'CHOICE' as const,
  options: [
    { key: 'eu', label: 'Europe' },
    { key: 'all', label: 'All regions' },
  ],
};

/** A fleet in which something of everything happens. Returns the ref of a task with two rounds of review. */
export async function aFleet({ admin, server }: Dashboard): Promise<string> {
  const scout = await sdkAgent(server, 'scout', { capacity: 3, acceptsInbox: true });
  const nova = await sdkAgent(server, 'nova');
  await admin.updateAgent({ agent: { name: 'nova' }, soul: '# Nova\n\nBe brief. Test first.' });
  await sdkAgent(server, 'iris', { role: 'writer' });
  const create = (index: number, more: object = {}) =>
    admin.createTask({
      ...{ title: titles[index % titles.length]!, description, priority: priorities[index % 5]! },
      ...{ tags: index % 3 === 0 ? ['backend', 'database'] : ['docs'], ...more },
    });
  const reviewed = await create(4, { assignee: { name: 'nova' } });
  const usage = { model: 'small', inputTokens: 12_000, outputTokens: 900, costUsd: 0.12 };
  const first = await nova.claimNextTask();
  await nova.reportProgress({ runId: first.run!.id, message: 'Reading the files', percent: 40 });
  await nova.completeTask({ runId: first.run!.id, resolution: result, usage });
  await admin.submitVerdict({
    task: { id: reviewed.task.id },
    verdict: 'REJECTED',
    feedback: 'Tests are missing.',
  });
  const second = await nova.claimNextTask();
  await nova.completeTask({
    runId: second.run!.id,
    resolution: `${result}\n- tests in \`test/notes.test.ts\``,
    usage,
  });
  await create(5, { assignee: { name: 'nova' } });
  const failing = await nova.claimNextTask();
  await nova.failTask({
    runId: failing.run!.id,
    error: 'model overloaded: 529 after three attempts',
    retry: false,
  });
  for (const index of [0, 1]) {
    await create(index, { assignee: { name: 'scout' } });
    await scout.claimNextTask();
  }
  const vera = await sdkAgent(server, 'vera');
  await create(6, { assignee: { name: 'vera' } });
  const asking = await vera.claimNextTask();
  await vera.askQuestion({ runId: asking.run!.id, ...question });
  await create(3, { requires: ['cobol'] });
  for (let index = 0; index < 9; index += 1)
    await create(index, index > 5 ? { assignee: { name: 'iris' } } : {});
  return reviewed.task.ref;
}

/** A schedule that has fired, and a run of a pipeline whose first step is done. Returns the id of the run. */
export async function planWork({ admin, server }: Dashboard): Promise<string> {
  const { recurringTask } = await admin.createRecurringTask({
    ...{ name: 'daily-report', schedule: '0 9 * * 1-5', timeZone: 'Europe/Madrid' },
    template: { title: 'Write the daily report' },
  });
  for (let count = 0; count < 4; count += 1) await admin.fireRecurringTask({ id: recurringTask!.id });
  const builder = await sdkAgent(server, 'builder');
  const step = (key: string, title: string, dependsOn: string[] = []) => ({
    ...{ key, dependsOn },
    template: { title, assignee: { name: 'builder' }, reviewPolicy: 'SKIP' as const },
  });
  const steps = [
    step('build', 'Build {{version}}'),
    step('notes', 'Write the notes of {{version}}'),
    step('test', 'Test {{version}}', ['build']),
    step('publish', 'Publish {{version}}', ['test', 'notes']),
  ];
  await admin.createPipeline({ name: 'release', steps });
  const { pipelineRun } = await admin.startPipeline({ name: 'release', variables: { version: '2.4' } });
  const { run } = await builder.claimNextTask();
  await builder.completeTask({ runId: run!.id, resolution: 'Built' });
  await builder.claimNextTask();
  return pipelineRun!.id;
}
