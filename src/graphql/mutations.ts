import { builder } from './builder.js';
import './tasks/task-mutations.js';
import './tasks/bulk-mutations.js';
import './runs/run-mutations.js';
import './questions/question-mutations.js';
import './reviews/review-mutations.js';
import './recurring/recurring-task-mutations.js';
import './pipelines/pipeline-mutations.js';
import './agents/agent-mutations.js';
import './keys/api-key-mutations.js';
import './attention/acknowledge.js';
import './keys/sign-in-link.js';
import './webhooks/webhook-mutations.js';
import './ops/scheduler-mutations.js';

builder.mutationType({
  description: 'Operations that change data. A refusal is data in `errors`; nothing has changed then.',
});
