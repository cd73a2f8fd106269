import { now } from '../../frame/clock.js';
import { Markdown } from '../../parts/markdown.js';
import { AgentLink, CopiedId, PriorityMark, StatusMark } from '../../parts/marks.js';
import { Age, Ago } from '../../parts/time.js';
import { sentence } from '../../parts/words.js';
import { Attempts } from './attempts.js';
import { CommentBox } from './comment-box.js';
import { Dependencies } from './dependencies.js';
import { OpenQuestions } from './open-questions.js';
import type { TaskDetail } from './task-data.js';
import { Timeline } from './timeline.js';
import { Waiting } from './waiting.js';
import './task.css';

/** What a task is, what it delivered, and what happened to it. */
export function TaskBody({ task }: { readonly task: TaskDetail }) {
  return (
    <div class="task">
      <div class="task-main">
        <h2 class="task-title text">{task.title}</h2>
        <Facts task={task} />
        <Standing task={task} />
        <OpenQuestions questions={task.questions.nodes} />
        <Section title="Description" text={task.description} empty="No description." />
        {(task.resolution !== null || task.status === 'DONE') && (
          <Section title="Result" text={task.resolution} empty="No result." />
        )}
        <DependencyResults task={task} />
        <Dependencies task={task} />
      </div>
      <div class="task-side">
        <Attempts runs={task.runs.nodes} />
        <Timeline task={task} />
        <CommentBox taskId={task.id} />
      </div>
    </div>
  );
}

function Facts({ task }: { readonly task: TaskDetail }) {
  return (
    <p class="facts">
      <StatusMark status={task.status} />
      <PriorityMark priority={task.priority} />
      <span>
        {task.assignee ? <AgentLink name={task.assignee.name} /> : <span class="quiet">unassigned</span>}
        {task.pinned && <span class="quiet"> (named)</span>}
      </span>
      {task.dueAt !== null && (
        <span class={new Date(task.dueAt).getTime() < now.value ? 'bad' : 'quiet'}>
          due <Ago at={task.dueAt} />
        </span>
      )}
      {task.startsAt !== null && new Date(task.startsAt).getTime() > now.value && (
        <span class="quiet">
          starts <Ago at={task.startsAt} />
        </span>
      )}
      {[...task.tags, ...task.requires.map((word) => `needs ${word}`)].map((tag) => (
        <span key={tag} class="chip text">
          {tag}
        </span>
      ))}
      {task.pipelineRun && (
        <span class="quiet text">
          {task.pipelineRun.pipeline.name} / {task.pipelineStep}
        </span>
      )}
      {task.recurringTask && <span class="quiet text">from {task.recurringTask.name}</span>}
      <span class="quiet">
        created <Ago at={task.createdAt} /> by <span class="text">{task.createdBy.displayName}</span>
      </span>
      <CopiedId id={task.ref} />
    </p>
  );
}

/** Where the task stands: the work under way, why it waits, or why it failed. */
function Standing({ task }: { readonly task: TaskDetail }) {
  const { currentRun: run, waitingOn, failureReason, failureDetail } = task;
  if (failureReason !== null)
    return (
      <p class="standing" data-tone="bad">
        <span class="text">
          {sentence(failureReason)}
          {failureDetail && `: ${failureDetail}`}
        </span>
      </p>
    );
  if (run)
    return (
      <p class="standing" data-tone="working">
        <span class="text">
          Working for <Age since={run.startedAt} />
          {run.progress && `: ${run.progress}`}
          {run.progressPercent !== null && ` (${run.progressPercent} %)`}
        </span>
      </p>
    );
  return waitingOn.length === 0 ? null : <Waiting task={task} />;
}

interface SectionProps {
  readonly title: string;
  readonly text: string | null;
  readonly empty: string;
}

function Section({ title, text, empty }: SectionProps) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {text ? <Markdown text={text} /> : <p class="quiet">{empty}</p>}
    </section>
  );
}

function DependencyResults({ task }: { readonly task: TaskDetail }) {
  const results = task.dependencyResults.filter(({ resolution }) => resolution !== null);
  if (results.length === 0) return null;
  return (
    <section aria-label="Inputs">
      <h2>Inputs</h2>
      {results.map(({ task: source, resolution }) => (
        <details key={source.id}>
          <summary>
            <span class="ref">{source.ref}</span> <span class="text">{source.title}</span>
          </summary>
          <Markdown text={resolution ?? ''} />
        </details>
      ))}
    </section>
  );
}
