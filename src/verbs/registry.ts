import { agentVerbs } from './agent.js';
import { attentionVerbs } from './attention.js';
import { cronVerbs } from './cron/cron.js';
import { eventVerbs } from './events.js';
import { jobVerbs } from './jobs.js';
import { keyVerbs } from './key.js';
import { pipelineVerbs } from './pipeline.js';
import { questionVerbs } from './question.js';
import { reviewVerbs } from './review.js';
import { runVerbs } from './run.js';
import { serverVerbs } from './server.js';
import { assignTasks, cancelTasks, retryTasks } from './task/bulk.js';
import {
  addComment,
  addDependency,
  assignTask,
  cancelTask,
  removeDependency,
  retryTask,
  watchTask,
} from './task/change.js';
import { countTasks } from './task/count.js';
import { createTask, createTasks, updateTask } from './task/create.js';
import { followTasks, listTags } from './task/follow.js';
import {
  classifyTask,
  listComments,
  listRuns,
  listTasks,
  nextTask,
  showTask,
  whoCanTake,
} from './task/read.js';
import { claimTask, completeTask, failTask, releaseTask, renewLease, reportProgress } from './task/work.js';
import type { Verb } from './verb.js';
import { webhookVerbs } from './webhook/webhook.js';

/** Everything that a person or an agent can do, in the order of the help. */
export const verbs: readonly Verb[] = [
  createTask,
  createTasks,
  listTasks,
  showTask,
  countTasks,
  updateTask,
  assignTask,
  claimTask,
  reportProgress,
  renewLease,
  completeTask,
  failTask,
  releaseTask,
  cancelTask,
  retryTask,
  addComment,
  listComments,
  listRuns,
  nextTask,
  whoCanTake,
  classifyTask,
  watchTask,
  followTasks,
  listTags,
  addDependency,
  removeDependency,
  assignTasks,
  cancelTasks,
  retryTasks,
  ...runVerbs,
  ...questionVerbs,
  ...attentionVerbs,
  ...reviewVerbs,
  ...agentVerbs,
  ...cronVerbs,
  ...pipelineVerbs,
  ...eventVerbs,
  ...webhookVerbs,
  ...keyVerbs,
  ...jobVerbs,
  ...serverVerbs,
];

/** The verb of a name, such as `task create`. @throws Error if there is none. */
export function verbOf(name: string): Verb {
  const found = verbs.find((verb) => verb.name === name);
  if (found === undefined) throw new Error(`There is no verb "${name}".`);
  return found;
}
