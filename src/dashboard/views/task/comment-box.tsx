import { useSignal } from '@preact/signals';
import { messageOf, session } from '../../data/session.js';
import { notify } from '../../frame/notices.js';
import { textIn } from '../../parts/form.js';

/** Writes a comment. The text stays until the server has taken it. */
export function CommentBox({ taskId }: { readonly taskId: string }) {
  const text = useSignal('');
  const isSending = useSignal(false);
  const send = async () => {
    const body = text.value.trim();
    if (body === '' || isSending.value) return;
    isSending.value = true;
    try {
      await session.value?.client.addComment({ task: { id: taskId }, body });
      text.value = '';
    } catch (error) {
      notify(messageOf(error), 'bad');
    }
    isSending.value = false;
  };
  if (session.value?.role === 'VIEWER') return null;
  return (
    <form
      class="comment-box"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label>
        <span class="visually-hidden">Comment</span>
        <textarea
          rows={2}
          placeholder="Comment (c). Ctrl-Enter sends."
          {...textIn(text)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send();
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </label>
      <button type="submit" disabled={text.value.trim() === '' || isSending.value}>
        {isSending.value ? 'Sending…' : 'Comment'}
      </button>
    </form>
  );
}
