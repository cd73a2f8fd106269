import { builder } from '../builder.js';

export const TaskRefInput = builder.inputType('TaskRef', {
  description: 'Names a task: machines by id, people by ref.',
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: 'The id: task_…' }),
    ref: t.string({ description: 'The ref: TASK-42.' }),
  }),
});

export const AgentRefInput = builder.inputType('AgentRef', {
  description: 'Names an agent: machines by id, people by name.',
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: 'The id: agt_…' }),
    name: t.string({ description: 'The name: scout.' }),
  }),
});
