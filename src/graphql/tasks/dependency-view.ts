import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Task } from '../../generated/prisma/client.js';
import {
  type DependencyView,
  findDependencyIds,
  findDependencyViews,
  type TaskColumns,
} from '../../services/tasks/read-tasks.js';
import { loadBatched } from '../base/loaders.js';
import { forbidden } from '../base/protocol-errors.js';
import { loadTaskById } from '../base/row-loads.js';
import type { GraphqlContext } from '../context.js';

/** Marks a row that stands for a task in an answer and shows no more than {@link DependencyView}. */
const IS_VIEW = Symbol('view of a dependency');

type MarkedTask = Task & { readonly [IS_VIEW]?: true };

/** The fields of Task that a view shows. */
const SHOWN = new Set(['id', 'ref', 'status', 'resolution']);

/** The dependencies of a task for the key of an agent: the tasks that it may see, and views of the others. */
export async function loadDependenciesForAgent(
  context: GraphqlContext,
  taskId: string,
  columns: TaskColumns,
  schema: GraphQLSchema,
): Promise<Task[]> {
  const find = (ids: readonly string[]) => findDependencyIds(context.services, context.viewer, ids);
  const ids = (await loadBatched(context, 'dependencyIds', taskId, find)) ?? [];
  const tasks = await Promise.all(
    ids.map(async (id) => (await loadTaskById(context, columns, id)) ?? loadView(context, id, schema)),
  );
  return tasks.filter((task) => task !== null);
}

async function loadView(context: GraphqlContext, id: string, schema: GraphQLSchema): Promise<Task | null> {
  const find = (ids: readonly string[]) => findDependencyViews(context.services, context.viewer, ids);
  const view: DependencyView | undefined = await loadBatched(context, 'dependencyView', id, find);
  if (view === undefined) return null;
  // Every field without a value of the view has one that hides it, and the other fields are guarded.
  return { ...hiddenValues(schema, view), ...view, [IS_VIEW]: true } as MarkedTask;
}

/**
 * What the fields that are read from the row itself answer for a view. They have no guard, because they are most of what
 * lists select: with a guard on each, lists took half as much again of the processor. An error as a value fails its field.
 */
function hiddenValues(schema: GraphQLSchema, view: DependencyView): Record<string, unknown> {
  const plain = Object.values(taskType(schema).getFields()).filter((field) => field.resolve === undefined);
  return Object.fromEntries(plain.map((field) => [field.name, hiddenValue(field, view)]));
}

function hiddenValue({ name, type }: GraphQLField<unknown, unknown>, { number }: DependencyView): unknown {
  // A title is required, so the ref stands for it.
  if (name === 'title') return `TASK-${number}`;
  return isNonNullType(type)
    ? forbidden(`Task.${name} of TASK-${number}, of which it sees only the resolution`)
    : null;
}

/**
 * Makes every field of Task that has a resolver check whether its row is only a view of a dependency. A field that is added
 * later is hidden in views as well.
 */
export function guardDependencyViews(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(taskType(schema).getFields())) {
    const { resolve } = field;
    if (SHOWN.has(field.name) || resolve === undefined) continue;
    field.resolve = (task: MarkedTask, args, context, info) => {
      if (task[IS_VIEW] !== true) return resolve(task, args, context, info);
      const value = hiddenValue(field, task);
      if (value instanceof Error) throw value;
      return value;
    };
  }
  return schema;
}

function taskType(schema: GraphQLSchema): GraphQLObjectType {
  const type = schema.getType('Task');
  if (!isObjectType(type)) throw new Error('the schema has no type Task');
  return type;
}
