import { useSignal } from '@preact/signals';
import { signIn, signInProblem } from '../data/session.js';

/** Asks for a key. It stays in this tab and is sent as a header only. */
export function SignIn() {
  const key = useSignal('');
  const isTrying = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    isTrying.value = true;
    await signIn(key.value.trim());
    isTrying.value = false;
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <h1>Mission Control</h1>
        <label>
          API key
          <input
            type="password"
            name="key"
            autocomplete="off"
            required
            value={key.value}
            onInput={(event) => {
              key.value = event.currentTarget.value;
            }}
          />
        </label>
        <button type="submit" class="main" disabled={isTrying.value}>
          {isTrying.value ? 'Signing in…' : 'Sign in'}
        </button>
        {signInProblem.value !== '' && (
          <p class="bad" role="alert">
            {signInProblem.value}
          </p>
        )}
        <p class="quiet small">
          The server prints at its start where the admin key is stored. In a terminal it also prints a link
          that signs you in; <code>mc open</code> makes another one.
        </p>
      </form>
    </main>
  );
}
