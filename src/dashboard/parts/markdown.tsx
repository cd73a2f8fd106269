import type MarkdownIt from 'markdown-it';
import type { Token } from 'markdown-it';
import { type ComponentChildren, h } from 'preact';
import { useMemo } from 'preact/hooks';
import { Lazy } from '../frame/lazy.js';
import './markdown.css';

/** A longer text is shown as it is: parsing it would hold up the page. */
const MAX_CHARACTERS = 200_000;

const loadParser = () =>
  import('markdown-it').then(({ default: Parser }) => {
    // No HTML: markup in a text is shown as text.
    const parser = new Parser({ html: false, linkify: true, breaks: false });
    return { default: ({ text }: { readonly text: string }) => <Parsed parser={parser} text={text} /> };
  });

/** A text in Markdown. Nothing in it becomes HTML of the page: it is parsed, and drawn from an allowed set of elements. */
export function Markdown({ text }: { readonly text: string }) {
  if (text.length > MAX_CHARACTERS) return <pre class="plain-text">{text}</pre>;
  return (
    <div class="markdown text">
      <Lazy load={loadParser} props={{ text }} />
    </div>
  );
}

function Parsed({
  parser,
  text,
}: {
  readonly parser: InstanceType<typeof MarkdownIt>;
  readonly text: string;
}) {
  return useMemo(() => <>{draw(settleHeadings(parser.parse(text, {})))}</>, [parser, text]);
}

/** Everything that a text can become. */
const elements: Readonly<Record<string, string>> = {
  ...{ p: 'p', em: 'em', strong: 'strong', s: 's', blockquote: 'blockquote', ul: 'ul', ol: 'ol', li: 'li' },
  ...{ table: 'table', thead: 'thead', tbody: 'tbody', tr: 'tr', th: 'th', td: 'td' },
  ...{ h3: 'h3', h4: 'h4', h5: 'h5', h6: 'h6' },
};

/** The level of the first heading of a text: the page has its own above it. */
const TOP_LEVEL = 3;

/**
 * Gives the headings of a text levels that follow those of the page without a gap. A text may begin with any level and
 * leave levels out, which would mislead those who go through the page by its headings.
 */
function settleHeadings(tokens: readonly Token[]): readonly Token[] {
  let open: number[] = [];
  for (const token of tokens) {
    if (token.type !== 'heading_open' && token.type !== 'heading_close') continue;
    const written = Number(token.tag.slice(1));
    open = [...open.filter((level) => level < written), written];
    token.tag = `h${Math.min(6, TOP_LEVEL + open.length - 1)}`;
  }
  return tokens;
}

/** Draws a flat list of tokens, in which an element lies between its opening and its closing token. */
function draw(tokens: readonly Token[]): ComponentChildren[] {
  const stack: { tag: string; token: Token | null; children: ComponentChildren[] }[] = [
    { tag: '', token: null, children: [] },
  ];
  for (const token of tokens) {
    const top = stack.at(-1);
    if (!top) break;
    if (token.nesting === 1) stack.push({ tag: token.tag, token, children: [] });
    else if (token.nesting === -1 && stack.length > 1) {
      stack.pop();
      stack.at(-1)?.children.push(drawElement(top.tag, top.token, top.children));
    } else top.children.push(drawLeaf(token));
  }
  return stack[0]?.children ?? [];
}

function drawElement(tag: string, token: Token | null, children: ComponentChildren[]): ComponentChildren {
  if (token?.hidden) return children;
  if (tag === 'a') return drawLink(String(token?.attrGet('href') ?? ''), children);
  const element = elements[tag];
  return element === undefined ? children : h(element, null, children);
}

function drawLeaf(token: Token): ComponentChildren {
  switch (token.type) {
    case 'inline':
      return draw(token.children ?? []);
    case 'text':
      return token.content;
    case 'softbreak':
      return ' ';
    case 'hardbreak':
      return <br />;
    case 'hr':
      return <hr />;
    case 'code_inline':
      return <code>{token.content}</code>;
    case 'fence':
    case 'code_block':
      return (
        <pre>
          <code>{token.content}</code>
        </pre>
      );
    case 'image':
      // No request leaves for another host, so a picture is a link.
      return drawLink(String(token.attrGet('src') ?? ''), [
        `picture: ${token.content || 'without a description'}`,
      ]);
    default:
      return token.content;
  }
}

function drawLink(address: string, children: ComponentChildren[]): ComponentChildren {
  if (!/^(https?:|mailto:)/i.test(address)) return <span>{children}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow" title={address}>
      {children}
    </a>
  );
}
