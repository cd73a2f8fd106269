import { isInputObjectType, isObjectType } from 'graphql';
import { expect, it } from 'vitest';
import { TASK_FIELD_NAMES, TEMPLATE_FIELD_NAMES } from '../../../src/domain/tasks/task-fields.js';
import { buildSchema } from '../../../src/graphql/schema.js';

const schema = buildSchema();

it.each([
  ['CreateTaskInput', TASK_FIELD_NAMES],
  ['UpdateTaskInput', TASK_FIELD_NAMES],
  ['Task', TASK_FIELD_NAMES],
  ['TaskTemplateInput', TEMPLATE_FIELD_NAMES],
  ['TaskTemplate', TEMPLATE_FIELD_NAMES],
])('%s publishes every field that a caller gives', (name, expected) => {
  const type = schema.getType(name);
  const fields = isInputObjectType(type) || isObjectType(type) ? type.getFields() : {};
  expect(Object.keys(fields)).toEqual(expect.arrayContaining([...expected]));
});
