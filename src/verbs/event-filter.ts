import * as z from 'zod';
import { maybeText, maybeWords } from './fields.js';
import { toOptionalAgent, toTaskRef } from './refs.js';

/** Which events a verb is about. */
export const filterFields = {
  types: maybeWords('Only these types or families: task, agent, run.progress.'),
  task: maybeText('Only events about this task, by ref or id.'),
  agent: maybeText('Only events about this agent or caused by it, by name or id.'),
  pipelineRun: maybeText('Only events about this pipeline run (plr_…).'),
};

const filterSchema = z.strictObject(filterFields);

/** The filter of the API for the given fields. */
export function toFilter({ types, task, agent, pipelineRun }: z.infer<typeof filterSchema>) {
  return {
    types,
    task: task === undefined ? undefined : toTaskRef(task),
    agent: toOptionalAgent(agent),
    pipelineRunId: pipelineRun,
  };
}
