import * as z from 'zod';
import { isRecord } from '../../verbs/coerce.js';
import { maybeText, text } from '../../verbs/fields.js';
import { briefTask, compactRecord, outputOf } from '../output.js';
import { callVerb, defineTool, defineVerbTool, type Tool } from '../tool.js';
import { limit, pageOf } from './pages.js';

const taskList = outputOf({ tasks: 'array', 'after?': 'string' });

const getTask = defineVerbTool({
  name: 'get_task',
  title: 'Read a task',
  verb: 'task show',
  fields: ['task'],
  advice: '',
  output: outputOf({ task: 'object' }),
  toOutput: ({ data }) => ({ task: compactRecord(data) }),
});

const listTasks = defineVerbTool({
  name: 'list_tasks',
  title: 'List tasks',
  verb: 'task list',
  fields: ['status', 'assignee', 'priority', 'tags', 'after'],
  otherFields: { limit },
  advice: 'To get work use claim_next_task.',
  output: taskList,
  toOutput: (answer) => pageOf('tasks', answer, briefTask),
});

const search = callVerb('task list');

const searchTasks = defineTool({
  name: 'search_tasks',
  title: 'Search tasks',
  description: 'Finds tasks by words of their title or description.',
  input: z.strictObject({
    query: text('A text that they contain, or a ref.'),
    limit,
  }),
  output: taskList,
  effect: search.effect,
  async call({ client }, { query, ...given }, options) {
    return pageOf('tasks', await search.run(client, { ...given, search: query }, options), briefTask);
  },
});

const createTask = defineVerbTool({
  name: 'create_task',
  title: 'Create a task',
  verb: 'task create',
  fields: ['title', 'description', 'assignee', 'priority', 'tags', 'requires', 'dependsOn', 'idempotencyKey'],
  otherFields: { dueAt: maybeText('When it is due, in RFC 3339: 2026-12-01T18:00:00Z.') },
  advice: 'To wait for its result use delegate_task.',
  output: outputOf({ task: 'object' }),
  toOutput: ({ data }) => ({ task: briefTask(data) }),
});

const addComment = defineVerbTool({
  name: 'add_comment',
  title: 'Comment on a task',
  verb: 'task comment',
  fields: ['task', 'body'],
  advice: 'To get an answer from a person use ask_person.',
  output: outputOf({ comment: 'object' }),
  toOutput: ({ data }) => {
    const { id, createdAt } = isRecord(data) ? data : {};
    return { comment: { id, createdAt } };
  },
});

export const taskTools: readonly Tool[] = [getTask, listTasks, searchTasks, createTask, addComment];
