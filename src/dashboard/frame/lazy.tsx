import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { onceLive } from '../data/live.js';
import { messageOf } from '../data/session.js';
import { Loading, Problem } from '../parts/states.js';

interface LazyProps<Props> {
  readonly load: () => Promise<{ readonly default: ComponentType<Props> }>;
  readonly props: Props;
}

/** What has been loaded, so that a view that was open once appears at once. */
const loaded = new Map<unknown, unknown>();

/** A component whose code is loaded when it is first shown. */
export function Lazy<Props extends object>({ load, props }: LazyProps<Props>) {
  const problem = useSignal('');
  const done = useSignal(0);
  useEffect(() => {
    // The code may have arrived for another component after this one was drawn.
    if (loaded.has(load)) {
      done.value += 1;
      return;
    }
    load().then(
      (module) => {
        loaded.set(load, module.default);
        done.value += 1;
      },
      (error: unknown) => {
        problem.value = `This part of the page could not be loaded: ${messageOf(error)}`;
      },
    );
  }, [load]);
  useEffect(() => onceLive(() => problem.peek() !== '' && reloadPage()), []);
  const Component = loaded.get(load) as ComponentType<Props> | undefined;
  if (Component) return <Component {...props} />;
  // Reading the signal draws the component again when the code has arrived.
  if (problem.value !== '' && done.value >= 0) return <Problem text={problem.value} onRetry={reloadPage} />;
  return done.value >= 0 ? <Loading /> : null;
}

/** A browser does not load a module again that it once failed to load, and a new server may have other files. */
function reloadPage(): void {
  globalThis.location.reload();
}
