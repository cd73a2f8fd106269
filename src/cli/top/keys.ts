import type { Key } from 'node:readline';
import type { Action, createActions } from './actions.js';
import { readAnswer } from './read-answer.js';
import { moved, type TopState, taskOf } from './state.js';

/** What a key leads to. */
export interface KeyOutcome {
  readonly state: TopState;
  /** A request to the server, whose answer changes the screen. */
  readonly action?: Action;
  readonly isQuit?: boolean;
}

/** What a key does. */
export function pressKey(state: TopState, key: Key, actions: ReturnType<typeof createActions>): KeyOutcome {
  if (key.ctrl && key.name === 'c') return { state, isQuit: true };
  if (state.mode.kind === 'typing') return typeKey(state, state.mode, key, actions);
  const calm = { ...state, message: null };
  switch (key.name ?? key.sequence ?? '') {
    case 'q':
      return { state, isQuit: true };
    case 'escape':
      return {
        state: { ...calm, mode: { kind: 'list' }, filter: state.mode.kind === 'task' ? state.filter : '' },
      };
    case 'up':
    case 'k':
      return { state: moved(state, -1) };
    case 'down':
    case 'j':
      return { state: moved(state, 1) };
    case 'return':
      return { state: calm, action: actions.open };
    case 'a':
      return { state: calm, action: actions.approve };
    case 's':
      return { state: calm, action: actions.ask };
    case 'p':
      return { state: calm, action: actions.pause };
    case 'r':
      return { state: askForFeedback(calm) };
    case '/':
      return { state: { ...calm, mode: { kind: 'typing', purpose: 'filter', text: state.filter } } };
    default:
      return { state };
  }
}

function askForFeedback(state: TopState): TopState {
  const task = taskOf(state);
  if (task === undefined) return { ...state, message: 'No task is selected.' };
  return { ...state, mode: { kind: 'typing', purpose: 'feedback', text: '', task } };
}

function typeKey(
  state: TopState,
  mode: Extract<TopState['mode'], { kind: 'typing' }>,
  key: Key,
  actions: ReturnType<typeof createActions>,
): KeyOutcome {
  const back = { ...state, mode: { kind: 'list' } as const };
  const typed = (text: string): KeyOutcome => ({ state: { ...state, mode: { ...mode, text } } });
  if (key.name === 'escape') return { state: back };
  if (key.name === 'backspace') return typed([...mode.text].slice(0, -1).join(''));
  if (key.name !== 'return') return typed(mode.text + (isPrintable(key) ? (key.sequence ?? '') : ''));
  if (mode.purpose === 'filter') return { state: { ...back, filter: toFilter(mode.text) } };
  if (mode.purpose === 'answer') return answerOf(back, mode, actions);
  if (mode.text.trim() === '')
    return { state: { ...back, message: 'Nothing was rejected: a rejection needs feedback.' } };
  return { state: back, action: actions.reject(mode.task, mode.text) };
}

function answerOf(
  state: TopState,
  { question, task, text }: Extract<TopState['mode'], { purpose: 'answer' }>,
  actions: ReturnType<typeof createActions>,
): KeyOutcome {
  const answer = readAnswer(question, text);
  if (answer !== null) return { state, action: actions.answer(task, question.id, answer) };
  return {
    state: { ...state, message: 'Nothing was answered: give a text, the keys of choices, or yes or no.' },
  };
}

/** The most characters that the server searches for, also of those that take two units. */
const MOST_SEARCHED = 100;

function toFilter(text: string): string {
  return [...text.trim()].slice(0, MOST_SEARCHED).join('');
}

function isPrintable({ ctrl, meta, sequence = '' }: Key): boolean {
  return !ctrl && !meta && /^[^\p{Cc}]+$/u.test(sequence);
}
