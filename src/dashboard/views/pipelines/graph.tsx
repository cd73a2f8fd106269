import { Graph, layout } from '@dagrejs/dagre';
import { useMemo } from 'preact/hooks';
import type { RunGraphQuery } from '../../../generated/dashboard/pipelines.js';
import { basePath } from '../../frame/router.js';
import { StatusMark } from '../../parts/marks.js';
import { Age } from '../../parts/time.js';
import { ZoomBox } from './zoom-box.js';

type Task = NonNullable<RunGraphQuery['pipelineRun']>['tasks'][number];

const NODE = { width: 200, height: 72 };

interface Placed {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
  readonly edges: readonly { readonly from: string; readonly to: string; readonly path: string }[];
}

/** The tasks of a run from left to right. An edge is drawn in full once the task before it is done. */
export default function RunGraph({ tasks }: { readonly tasks: readonly Task[] }) {
  // Placing a thousand tasks takes a second, and a change of status moves none of them.
  const shape = JSON.stringify(tasks.map(({ id, dependsOn }) => [id, dependsOn.map((before) => before.id)]));
  const { width, height, nodes, edges } = useMemo(() => place(tasks), [shape]);
  const done = new Set(tasks.filter(({ status }) => status === 'DONE').map(({ id }) => id));
  return (
    <ZoomBox label="Graph of the run" width={width} height={height}>
      <svg width={width} height={height} aria-hidden="true">
        {edges.map(({ from, to, path }) => (
          <path key={`${from} ${to}`} d={path} data-fed={done.has(from) ? '' : undefined} />
        ))}
      </svg>
      {tasks.map((task) => {
        const at = nodes.get(task.id);
        return at && <Node key={task.id} task={task} at={at} />;
      })}
    </ZoomBox>
  );
}

function Node({
  task,
  at,
}: {
  readonly task: Task;
  readonly at: { readonly x: number; readonly y: number };
}) {
  return (
    <a
      class="graph-node"
      href={`${basePath}/tasks/${task.ref}`}
      title={task.title}
      data-status={task.status}
      style={{
        left: `${at.x - NODE.width / 2}px`,
        top: `${at.y - NODE.height / 2}px`,
        width: `${NODE.width}px`,
        height: `${NODE.height}px`,
      }}
    >
      <span class="cut text graph-step">{task.pipelineStep ?? task.ref}</span>
      <span class="cut text quiet">{task.title}</span>
      <span class="graph-foot small">
        <StatusMark status={task.status} />
        <span class="quiet">
          <Age since={task.statusAt} />
        </span>
        <span class="quiet cut text">{task.assignee?.name}</span>
      </span>
    </a>
  );
}

function place(tasks: readonly Task[]): Placed {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 20, ranksep: 56, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(tasks.map(({ id }) => id));
  for (const { id } of tasks) graph.setNode(id, { ...NODE });
  for (const { id, dependsOn } of tasks)
    for (const before of dependsOn) if (known.has(before.id)) graph.setEdge(before.id, id);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { readonly width?: number; readonly height?: number };
  const nodes = new Map(
    graph.nodes().map((id) => {
      const { x, y } = graph.node(id) as { readonly x: number; readonly y: number };
      return [id, { x, y }] as const;
    }),
  );
  const edges = graph.edges().map(({ v: from, w: to }) => ({ from, to, path: curve(nodes, from, to) }));
  return { width, height, nodes, edges };
}

/** A curve from the right side of one box to the left side of the other. */
function curve(nodes: Placed['nodes'], from: string, to: string): string {
  const start = nodes.get(from);
  const end = nodes.get(to);
  if (!start || !end) return '';
  const x1 = start.x + NODE.width / 2;
  const x2 = end.x - NODE.width / 2;
  const middle = (x1 + x2) / 2;
  return `M${x1} ${start.y}C${middle} ${start.y} ${middle} ${end.y} ${x2} ${end.y}`;
}
