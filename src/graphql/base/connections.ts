import { AgentType } from '../agents/agent.js';
import { ApiKeyType } from '../keys/api-key.js';
import { FiringType, RecurringTaskType } from '../recurring/recurring-task.js';
import { ReviewType } from '../reviews/review.js';
import { ReviewRunType } from '../reviews/review-run.js';
import { TaskRunType } from '../runs/task-run.js';
import { CommentType } from '../tasks/comment.js';
import { TaskType } from '../tasks/task.js';
import { defineConnection } from './connection.js';

export const TaskConnection = defineConnection('Task', TaskType);
export const TaskRunConnection = defineConnection('TaskRun', TaskRunType);
export const CommentConnection = defineConnection('Comment', CommentType);
export const ReviewConnection = defineConnection('Review', ReviewType);
export const ReviewRunConnection = defineConnection('ReviewRun', ReviewRunType);
export const AgentConnection = defineConnection('Agent', AgentType);
export const ApiKeyConnection = defineConnection('ApiKey', ApiKeyType);
export const RecurringTaskConnection = defineConnection('RecurringTask', RecurringTaskType);
export const FiringConnection = defineConnection('RecurringFiring', FiringType);
