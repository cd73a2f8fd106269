import { defaultFieldResolver, type GraphQLSchema, isNonNullType, isObjectType } from 'graphql';
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
): Promise<Task[]> {
  const find = (ids: readonly string[]) => findDependencyIds(context.services, context.viewer, ids);
  const ids = (await loadBatched(context, 'dependencyIds', taskId, find)) ?? [];
  const tasks = await Promise.all(
    ids.map(async (id) => (await loadTaskById(context, columns, id)) ?? loadView(context, id)),
  );
  return tasks.filter((task) => task !== null);
}

async function loadView(context: GraphqlContext, id: string): Promise<Task | null> {
  const find = (ids: readonly string[]) => findDependencyViews(context.services, context.viewer, ids);
  const view: DependencyView | undefined = await loadBatched(context, 'dependencyView', id, find);
  // Every field of Task is guarded, so the columns that are missing here are never read.
  return view === undefined ? null : ({ ...view, [IS_VIEW]: true } as MarkedTask);
}

/**
 * Makes every field of Task check whether its row is only a view of a dependency. A field that is added later is hidden
 * in views as well.
 */
export function guardDependencyViews(schema: GraphQLSchema): GraphQLSchema {
  const type = schema.getType('Task');
  if (!isObjectType(type)) throw new Error('the schema has no type Task');
  for (const field of Object.values(type.getFields())) {
    if (SHOWN.has(field.name)) continue;
    const resolve = field.resolve ?? defaultFieldResolver;
    const isNullable = !isNonNullType(field.type);
    field.resolve = (task: MarkedTask, args, context, info) => {
      if (task[IS_VIEW] !== true) return resolve(task, args, context, info);
      // A title is required, so the ref stands for it.
      if (field.name === 'title') return `TASK-${task.number}`;
      if (isNullable) return null;
      throw forbidden(`Task.${field.name} of TASK-${task.number}, of which it sees only the resolution`);
    };
  }
  return schema;
}
