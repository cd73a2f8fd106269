import { useLayoutEffect } from 'preact/hooks';

/** A key or a sequence of keys, such as `j`, `g b` or `?`, and what it does. */
export interface KeyBinding {
  readonly keys: string;
  /** What the list of keys says. */
  readonly does: string;
  readonly run: (event: KeyboardEvent) => void;
  /** Whether it also works while a text is typed. */
  readonly inText?: boolean;
}

/** The bindings in force, those of the innermost view last. */
const layers: (readonly KeyBinding[])[] = [];
/** The first key of a sequence, while the second one is awaited. */
let prefix = '';
let prefixTimer: ReturnType<typeof setTimeout> | undefined;

/** How long the second key of a sequence is awaited, in milliseconds. */
const SEQUENCE_MS = 1_500;

/** All bindings in force, for the list of keys. */
export function activeBindings(): KeyBinding[] {
  return layers.flat();
}

/** Binds keys while the component is shown. The last component wins, so a panel may reuse the keys of its view. */
export function useKeys(bindings: readonly KeyBinding[]): void {
  // Before the view is painted: who sees it may already press a key.
  useLayoutEffect(() => {
    layers.push(bindings);
    return () => {
      layers.splice(layers.indexOf(bindings), 1);
    };
  });
}

/** Starts to listen. */
export function startKeyboard(): void {
  document.addEventListener('keydown', (event) => {
    if (belongsToOthers(event)) return;
    const name = nameOf(event);
    const sequence = prefix === '' ? name : `${prefix} ${name}`;
    const isText = isTextField(event.target);
    const binding = find(sequence, isText) ?? (prefix === '' ? undefined : find(name, isText));
    setPrefix('');
    if (binding) {
      event.preventDefault();
      binding.run(event);
    } else if (!isText && layers.flat().some(({ keys }) => keys.startsWith(`${name} `))) setPrefix(name);
  });
}

function setPrefix(name: string): void {
  clearTimeout(prefixTimer);
  prefix = name;
  if (name !== '') prefixTimer = setTimeout(() => setPrefix(''), SEQUENCE_MS);
}

function find(keys: string, isText: boolean): KeyBinding | undefined {
  return layers.flat().findLast((binding) => binding.keys === keys && (!isText || binding.inText === true));
}

/** `mod+k` for ⌘K and Ctrl-K. Keys with other modifiers belong to the browser. */
function nameOf(event: KeyboardEvent): string {
  const mod = event.metaKey || event.ctrlKey;
  if (event.altKey && !mod) return '';
  return mod ? `mod+${event.key.toLowerCase()}` : event.key;
}

function isTextField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function belongsToOthers({ isComposing, defaultPrevented, key, target }: KeyboardEvent): boolean {
  if (isComposing || defaultPrevented) return true;
  // A dialog handles its own keys: Escape closes it, and must not also leave the view behind it.
  if (document.querySelector('dialog[open]')) return true;
  // Enter and Space press the button or follow the link that has the focus.
  const isControl = target instanceof HTMLElement && /^(A|BUTTON|SUMMARY)$/.test(target.tagName);
  return isControl && (key === 'Enter' || key === ' ');
}
