import type { GraphQLResolveInfo } from 'graphql';
import { hasRole } from '../../domain/actor.js';
import { MAX_PAGE_SIZE } from '../../domain/page.js';
import { findTasks } from '../../services/tasks/read-tasks.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { loadBatched } from './loaders.js';
import { findNode, NodeInterface, registerNode } from './node.js';
import { badUserInput } from './protocol-errors.js';
import { loadAgent, loadPipelineRun, loadRecurringTask, loadRow, loadTask } from './row-loads.js';

registerNode('task', 'Task', loadTask);
registerNode('run', 'TaskRun', ofVisibleTask('TaskRun'));
registerNode('cmt', 'Comment', ofVisibleTask('Comment'));
registerNode('rev', 'Review', ofVisibleTask('QualityReview'));
registerNode('rvr', 'ReviewRun', ofVisibleTask('ReviewRun'));
registerNode('qst', 'Question', ofVisibleTask('Question'));
registerNode('agt', 'Agent', loadAgent);
registerNode('rec', 'RecurringTask', (context, _info, id) => loadRecurringTask(context, id));
registerNode('pip', 'Pipeline', (context, _info, id) => loadRow(context, 'Pipeline', id));
registerNode('plr', 'PipelineRun', (context, _info, id) => loadPipelineRun(context, id));
registerNode('key', 'ApiKey', async (context, _info, id) =>
  id === context.viewer.keyId || hasRole(context.viewer, 'ADMIN') ? loadRow(context, 'ApiKey', id) : null,
);

builder.queryFields((t) => ({
  node: t.field({
    type: NodeInterface,
    nullable: true,
    description: 'Any object by its id. Null if it does not exist or this key may not see it.',
    args: { id: t.arg.id({ required: true, description: 'The id.' }) },
    resolve: (_root, { id }, context, info) => findNode(context, info, id),
  }),
  nodes: t.field({
    type: [NodeInterface],
    nullable: { list: false, items: true },
    description:
      'Several objects by their ids, at most 100, in the same order. An entry is null if it was not found.',
    args: { ids: t.arg.idList({ required: true, description: 'The ids.' }) },
    resolve: (_root, { ids }, context, info) => {
      if (ids.length > MAX_PAGE_SIZE) {
        throw badUserInput(`ids has ${ids.length} entries, but may have at most ${MAX_PAGE_SIZE}.`);
      }
      return ids.map((id) => findNode(context, info, id));
    },
  }),
}));

/** A viewer sees a row that belongs to a task exactly if it sees the task. */
function ofVisibleTask(model: 'TaskRun' | 'Comment' | 'QualityReview' | 'Question' | 'ReviewRun') {
  return async (context: GraphqlContext, _info: GraphQLResolveInfo, id: string) => {
    const row = await loadRow(context, model, id);
    if (row === null || context.viewer.agentId === null) return row;
    const see = (ids: readonly string[]) => findTasks(context.services, context.viewer, ids, []);
    return (await loadBatched(context, 'visibleTask', row.taskId, see)) === undefined ? null : row;
  };
}
