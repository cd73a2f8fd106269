import { builder } from './builder.js';
import './task-mutations.js';
import './run-mutations.js';
import './review-mutations.js';
import './recurring-task-mutations.js';
import './pipeline-mutations.js';
import './agent-mutations.js';
import './api-key-mutations.js';
import './scheduler-mutations.js';

builder.mutationType({
  description: 'What changes something. A refusal is data in `errors` and means that nothing has changed.',
});
