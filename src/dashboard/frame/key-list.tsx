import { Dialog } from './dialog.js';
import { activeBindings } from './keyboard.js';
import { closeDialog } from './palette-state.js';

/** The keys that work at this moment. */
export default function KeyList() {
  return (
    <Dialog label="Keys" onClose={closeDialog} class="keys">
      <h2>Keys</h2>
      <dl>
        {activeBindings().map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key.replace('mod+', 'Ctrl ')}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
