import type { TaskPriority } from '../tasks/task-filter.js';

/** The rule that chose the model. */
export type ModelTier = 'OVERRIDE' | 'COMPLEX' | 'ROUTINE' | 'DEFAULT';

/** The model for a task, and why it was chosen. */
export interface ModelRoute {
  readonly tier: ModelTier;
  /** Null means that the gateway chooses. */
  readonly model: string | null;
  /** The words or properties of the task that decided. */
  readonly signals: readonly string[];
}

/** The models of the tiers, from the server's settings. */
export interface TierModels {
  readonly complex: string;
  readonly routine: string;
  readonly default: string | null;
}

/** The part of a task that decides its model. */
export interface RoutedTask {
  readonly title: string;
  readonly description: string | null;
  readonly priority: TaskPriority;
}

/** The models in an agent's config. */
export interface AgentModels {
  readonly dispatchModel: string | null;
  readonly defaultModel: string | null;
}

/**
 * Chooses the model by the first rule that applies: the agent's own model, priority CRITICAL, complex words, routine
 * words at priority LOW or MEDIUM, the default.
 */
export function routeModel(task: RoutedTask, agent: AgentModels | null, models: TierModels): ModelRoute {
  if (agent?.dispatchModel) return { tier: 'OVERRIDE', model: agent.dispatchModel, signals: [] };
  if (task.priority === 'CRITICAL')
    return { tier: 'COMPLEX', model: models.complex, signals: ['priority CRITICAL'] };
  const text = `${task.title}\n${task.description ?? ''}`;
  const complex = findSignals(text, COMPLEX);
  if (complex.length > 0) return { tier: 'COMPLEX', model: models.complex, signals: complex };
  const canBeRoutine = task.priority === 'LOW' || task.priority === 'MEDIUM';
  const routine = canBeRoutine ? findSignals(text, ROUTINE) : [];
  if (routine.length > 0) return { tier: 'ROUTINE', model: models.routine, signals: routine };
  return { tier: 'DEFAULT', model: agent?.defaultModel ?? models.default, signals: [] };
}

/**
 * The forms of each signal's words. Every form is listed, because endings alone can't distinguish "incidents" from
 * "incidental" or "formats" from "formation". A signal includes inflections, British and American spelling, and the
 * verb or noun of the same activity ("migrate", "architecture"), but no other words that contain it.
 */
type Signals = Readonly<Record<string, readonly string[]>>;

const COMPLEX = compile({
  debug: ['debug(?:s|ged|ging)?'],
  diagnose: ['diagnos(?:e|es|ed|ing|is)'],
  architect: ['architect(?:s|ed|ing|ure|ures|ural)?'],
  'security audit': ['security', 'audit(?:s|ed|ing)?'],
  incident: ['incidents?'],
  refactor: ['refactor(?:s|ed|ing|ings)?'],
  migration: ['migrat(?:ion|ions|e|es|ed|ing)'],
  'root cause': ['root', 'caus(?:e|es|ed|ing)'],
  investigate: ['investigat(?:e|es|ed|ing|ion|ions)'],
  'design system': ['design(?:s|ed|ing)?', 'systems?'],
});

const ROUTINE = compile({
  'status check': ['status', 'check(?:s|ed|ing)?'],
  'health check': ['health', 'check(?:s|ed|ing)?'],
  format: ['format(?:s|ted|ting)?'],
  rename: ['renam(?:e|es|ed|ing)'],
  ping: ['ping(?:s|ed|ing)?'],
  summarize: ['summari[sz](?:e|es|ed|ing)'],
  translate: ['translat(?:e|es|ed|ing|ion|ions)'],
  simple: ['simpl(?:e|er|est)'],
  minor: ['minor'],
  quick: ['quick(?:er|est)?'],
  routine: ['routines?'],
});

/** The signals in the text, in the order of the table. */
function findSignals(text: string, signals: ReadonlyMap<string, RegExp>): string[] {
  return [...signals].filter(([, pattern]) => pattern.test(text)).map(([name]) => name);
}

/**
 * A word consists of letters, digits and underscores of any script, so "format_date" and "préformat" do not contain the
 * word "format". The words of a signal must be adjacent, separated by white space or a hyphen.
 */
function compile(signals: Signals): ReadonlyMap<string, RegExp> {
  return new Map(
    Object.entries(signals).map(([name, words]) => [
      name,
      new RegExp(`(?<![\\p{L}\\p{M}\\p{N}_])${words.join('[\\s-]{1,3}')}(?![\\p{L}\\p{M}\\p{N}_])`, 'iu'),
    ]),
  );
}
