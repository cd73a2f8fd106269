import { openRuns } from '../../services/runs/read-runs.js';
import { connect, connectionArgs, NODE_PATHS } from '../base/connection.js';
import { TaskRunConnection } from '../base/connections.js';
import { OrderDirectionEnum } from '../base/enums.js';
import { runColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import { parseRunFilter, RunFilterInput } from './run-filter.js';

const RunOrderFieldEnum = builder.enumType('RunOrderField', {
  description: 'What runs are sorted by.',
  values: { STARTED_AT: { description: 'When it was started, by the clock of the server that started it.' } },
});

const RunOrderInput = builder.inputType('RunOrder', {
  description: 'How to sort runs.',
  fields: (t) => ({
    field: t.field({ type: RunOrderFieldEnum, required: true, description: 'The sort key.' }),
    direction: t.field({
      type: OrderDirectionEnum,
      required: true,
      defaultValue: 'ASC',
      description: 'The sort direction.',
    }),
  }),
});

builder.queryFields((t) => ({
  runs: t.field({
    type: TaskRunConnection,
    description: 'The runs of all tasks, the latest first. A key of an agent gets those of the agent.',
    args: {
      ...connectionArgs,
      filter: t.arg({ type: RunFilterInput, description: 'Which runs; all if unset.' }),
      orderBy: t.arg({ type: RunOrderInput, description: 'How to sort them; the latest first if unset.' }),
    },
    resolve: async (_root, { filter, orderBy, ...page }, context, info) => {
      const { services, viewer } = context;
      const columns = runColumns(info, NODE_PATHS);
      const descending = orderBy?.direction !== 'ASC';
      const selection = await parseRunFilter(context, filter);
      return connect(page, openRuns(services, viewer, { selection, descending, columns }));
    },
  }),
}));
