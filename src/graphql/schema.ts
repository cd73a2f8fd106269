import type { GraphQLSchema } from 'graphql';
import { weighFieldsOnce } from './base/complexity.js';
import { enforceBudget } from './base/operation-budget.js';
import { builder } from './builder.js';
import { guardDependencyViews } from './tasks/dependency-view.js';
import './base/scalars.js';
import './query.js';
import './tasks/task-links.js';
import './tasks/task-queries.js';
import './tasks/task-counts.js';
import './tasks/task-tags.js';
import './runs/run-queries.js';
import './questions/question-queries.js';
import './questions/question-event.js';
import './agents/agent-queries.js';
import './recurring/recurring-task-queries.js';
import './pipelines/pipeline-queries.js';
import './base/node-queries.js';
import './keys/viewer.js';
import './ops/overview.js';
import './events/event-queries.js';
import './events/event-type-info.js';
import './dispatch/gateway.js';
import './dispatch/model-route.js';
import './attention/attention-queries.js';
import './webhooks/webhook-queries.js';
import './events/subscriptions.js';
import './mutations.js';

/** Builds the executable schema. The imports above have added all types to the builder. */
export function buildSchema(): GraphQLSchema {
  return enforceBudget(guardDependencyViews(weighFieldsOnce(builder.toSchema({ sortSchema: true }))));
}
