import { AgentType } from './agent.js';
import { ApiKeyType } from './api-key.js';
import { CommentType } from './comment.js';
import { defineConnection } from './connection.js';
import { FiringType, RecurringTaskType } from './recurring-task.js';
import { ReviewType } from './review.js';
import { ReviewRunType } from './review-run.js';
import { TaskType } from './task.js';
import { TaskRunType } from './task-run.js';

export const TaskConnection = defineConnection('Task', TaskType);
export const TaskRunConnection = defineConnection('TaskRun', TaskRunType);
export const CommentConnection = defineConnection('Comment', CommentType);
export const ReviewConnection = defineConnection('Review', ReviewType);
export const ReviewRunConnection = defineConnection('ReviewRun', ReviewRunType);
export const AgentConnection = defineConnection('Agent', AgentType);
export const ApiKeyConnection = defineConnection('ApiKey', ApiKeyType);
export const RecurringTaskConnection = defineConnection('RecurringTask', RecurringTaskType);
export const FiringConnection = defineConnection('RecurringFiring', FiringType);
