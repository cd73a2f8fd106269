import type { LogEntry } from '../../feed/hub.js';
import { loadRow } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { payloadOf } from '../events/event.js';
import { taskEventInterfaces } from '../events/task-event.js';
import { QuestionType } from './question.js';

builder.objectRef<LogEntry>('QuestionEvent').implement({
  description: 'A question was asked, answered or withdrawn, or its deadline passed.',
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    question: t.field({
      type: QuestionType,
      nullable: true,
      description: 'The current question.',
      resolve: (event, _args, context) => {
        const { questionId } = payloadOf(event);
        return questionId === undefined ? null : loadRow(context, 'Question', questionId);
      },
    }),
    reason: t.string({
      nullable: true,
      description: 'Why it ended, if `type` does not already say it.',
      resolve: (event) => payloadOf(event).reason ?? null,
    }),
  }),
});
