import type { TaskFieldsFragment } from '../../sdk/index.js';
import { eventLine } from '../../verbs/looks/event-look.js';
import { type Look, oneLine } from '../../verbs/looks/look.js';
import { age } from '../../verbs/looks/times.js';
import { priority, status, words } from '../../verbs/looks/words.js';
import { printable } from '../output/terminal.js';
import { cutEnd, widthOf } from '../output/width.js';
import { PANES, paneCount, selectedTask, type TopState, visible } from './state.js';

/** The size of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const titles = { needsYou: 'NEEDS YOU', inProgress: 'IN PROGRESS', waiting: 'WAITING' } as const;

const KEYS = '↑↓ select ⏎ open · a approve · r reject · s answer · p pause · / filter · q quit';

/** The screen as lines: exactly as many as the terminal has, none wider than it. */
export function drawFrame(state: TopState, look: Look, size: Size): string[] {
  const body = state.mode.kind === 'task' ? taskLines(state.mode.lines, size) : paneLines(state, look, size);
  const lines = [headLine(state, look), ...body].slice(0, size.rows - 1);
  const padded = [...lines, ...Array.from({ length: size.rows - 1 - lines.length }, () => '')];
  return [...padded, footLine(state, look)].map((line) => cutEnd(printable(line), size.columns));
}

function headLine({ overview, isConnected, filter }: TopState, look: Look): string {
  const link = isConnected ? look.paint('good', '●') : look.paint('bad', '○ not connected');
  const shown = filter === '' ? '' : look.paint('warning', `filter: ${filter} · `);
  if (!overview) return `${link} ${shown}${look.paint('strong', 'Mission Control')}`;
  const counts = overview.taskCounts
    .filter(({ count }) => count > 0)
    .map(({ status: now, count }) => `${count} ${words(now)}`);
  const agents = `agents ${overview.agentsOnline}/${overview.agentsTotal}`;
  const capacity = `load ${overview.capacityInUse}/${overview.capacityTotal}`;
  const completed = overview.throughput.reduce((sum, point) => sum + point.completed, 0);
  return `${link} ${shown}${[agents, capacity, `${completed} done/h`, ...counts].join(' · ')}`;
}

function footLine({ mode, message }: TopState, look: Look): string {
  if (mode.kind === 'typing') return `${typingLabel(mode)}${mode.text}▏`;
  if (message !== null) return oneLine(message);
  return look.paint(
    'quiet',
    mode.kind === 'task' ? 'Esc back · a approve · r reject · s answer · q quit' : KEYS,
  );
}

function typingLabel(mode: Extract<TopState['mode'], { kind: 'typing' }>): string {
  if (mode.purpose === 'filter') return '/';
  if (mode.purpose === 'feedback') return `${mode.task.ref} feedback: `;
  const { kind, text, options } = mode.question;
  const choices = kind === 'CONFIRM' ? 'yes/no' : options.map(({ key }) => key).join('/');
  return `${oneLine(text)}${choices === '' ? '' : ` (${choices})`} `;
}

function taskLines(lines: readonly string[], { rows, columns }: Size): string[] {
  return lines.flatMap((line) => wrap(line, columns)).slice(0, rows - 2);
}

/** The panes share the rows: each gets what it needs as far as there is room, and the events get the rest. */
function paneLines(state: TopState, look: Look, { rows }: Size): string[] {
  const heights = shareRows(state, rows);
  const chosen = selectedTask(state);
  const panes = PANES.flatMap((pane) => {
    const tasks = visible(state, pane);
    const height = heights[pane];
    const place = tasks.findIndex(({ id }) => id === chosen?.id);
    const first = Math.max(0, Math.min(tasks.length - height, place - height + 1));
    return [
      look.paint('strong', `${titles[pane]} ${paneCount(state, pane)}`),
      ...(tasks.length === 0 ? [look.paint('quiet', '  –')] : []),
      ...tasks.slice(first, first + height).map((task) => taskLine(task, look, task.id === chosen?.id)),
    ];
  });
  const left = Math.max(1, rows - 3 - panes.length);
  const events = state.events.slice(-left).map((event) => `  ${eventLine(event, look)}`);
  return [...panes, look.paint('strong', 'LAST EVENTS'), ...events];
}

/** Rows for the tasks of each pane: one row after another goes to the smallest pane that has more tasks. */
function shareRows(state: TopState, rows: number): Record<(typeof PANES)[number], number> {
  const heights = { needsYou: 1, inProgress: 1, waiting: 1 };
  // Without the first and the last line, the titles, and a quarter for the events.
  const room = Math.floor((rows - 2 - PANES.length - 1) * 0.75);
  for (let used = PANES.length; used < room; used += 1) {
    const growing = PANES.filter((pane) => visible(state, pane).length > heights[pane]);
    const [smallest] = growing.toSorted((one, other) => heights[one] - heights[other]);
    if (smallest === undefined) break;
    heights[smallest] += 1;
  }
  return heights;
}

function taskLine(task: TaskFieldsFragment, look: Look, isSelected: boolean): string {
  const cells = [
    pad(task.ref, 9),
    pad(status(task.status, look), 11),
    pad(priority(task.priority, look), 8),
    pad(task.assignee?.name ?? '–', 12),
    pad(age(task.createdAt, look), 7),
    oneLine(task.title),
  ];
  return `${isSelected ? look.paint('strong', '▶') : ' '} ${cells.join(' ')}`;
}

function pad(text: string, columns: number): string {
  const cut = cutEnd(text, columns);
  return cut + ' '.repeat(Math.max(0, columns - widthOf(cut)));
}

function wrap(line: string, columns: number): string[] {
  if (widthOf(line) <= columns) return [line];
  const parts: string[] = [];
  let [part, width] = ['', 0];
  for (const character of printable(line)) {
    if (width >= columns - 1) {
      // A word is cut only if it takes more than half a line.
      const space = part.lastIndexOf(' ');
      const end = space > part.length / 2 ? space : part.length;
      parts.push(part.slice(0, end));
      part = part.slice(end + 1);
      width = widthOf(part);
    }
    part += character;
    width += widthOf(character);
  }
  return [...parts, part];
}
