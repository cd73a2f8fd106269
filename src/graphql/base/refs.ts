import { builder } from '../builder.js';

export const TaskRefInput = builder.inputType('TaskRef', {
  description: 'A reference to a task, by id or by ref.',
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: 'The id: task_…' }),
    ref: t.string({ description: 'The ref: TASK-42.' }),
  }),
});

export const AgentRefInput = builder.inputType('AgentRef', {
  description: 'A reference to an agent, by id or by name.',
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: 'The id: agt_…' }),
    name: t.string({ description: 'The name: scout.' }),
  }),
});
