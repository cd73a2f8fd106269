/**
 * The script that asks for an API key before GraphiQL opens, so that the schema is never loaded without one. It runs in the
 * browser. The key stays in the session of the browser tab, survives a reload, and is passed to other open tabs of the
 * same server. It is added to every request; an `authorization` in the Headers editor replaces it.
 */
export const graphiqlSignIn = `async function signIn(start, root, options) {
  const item = 'mission-control.key';
  const channel = new BroadcastChannel(item);
  const bearer = (key) => ({ authorization: 'Bearer ' + key });

  async function whyRefused(key) {
    const headers = { 'content-type': 'application/json', accept: 'application/json', ...bearer(key) };
    const body = '{"query":"{ __typename }"}';
    const { errors } = await (await fetch(options.endpoint, { method: 'POST', headers, body })).json();
    return errors && errors[0].message;
  }

  function open(key) {
    sessionStorage.setItem(item, key);
    channel.onmessage = ({ data }) => data.ask && channel.postMessage({ key });
    root.replaceChildren();
    start(root, { ...options, additionalHeaders: bearer(key) });
  }

  async function tryKey(key) {
    const reason = await whyRefused(key).catch(() => 'The server does not answer.');
    if (reason) askFor(reason);
    else open(key);
  }

  function askFor(reason) {
    const form = document.createElement('form');
    form.style = 'max-width: 30em; margin: 20vh auto; font: 16px sans-serif; display: grid; gap: 1em';
    const label = document.createElement('label');
    label.textContent = 'API key (the server prints at its start where the admin key is stored)';
    const input = document.createElement('input');
    Object.assign(input, { type: 'password', autocomplete: 'off', required: true, autofocus: true });
    const button = document.createElement('button');
    button.textContent = 'Open GraphiQL';
    const note = document.createElement('p');
    note.role = 'alert';
    note.textContent = reason;
    form.append(label, input, button, note);
    form.onsubmit = (event) => {
      event.preventDefault();
      return tryKey(input.value.trim());
    };
    root.replaceChildren(form);
  }

  const fromOtherTab = new Promise((resolve) => {
    channel.onmessage = ({ data }) => data.key && resolve(data.key);
    channel.postMessage({ ask: true });
    setTimeout(resolve, 200);
  });
  const key = sessionStorage.getItem(item) || (await fromOtherTab);
  if (key) await tryKey(key);
  else askFor('');
}`;
