// Where the link to a package leads: to the platforms on which it can be asked for. Nobody is known here and nothing is looked up,
// so every code that could be one is answered alike.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from '../../chat/channel';
import { codeIn, LINK_PATH, wordsOf, type Links, type PlatformDoor } from '../../chat/links';
import { plain } from '../../chat/text';
import { label, say, type WordKey } from '../../chat/words';

/** `GET /go/<code>`. Where the only platform takes the words along, the browser is sent on at once. */
export function linkRoutes(links: Pick<Links, 'doors'>): readonly Route[] {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const code = codeIn(request.url);
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-robots-tag', 'noindex');
    if (code === null) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('not found\n');
      return;
    }
    const doors = await links.doors(code);
    const [only, other] = doors;
    if (only?.door?.carries === true && other === undefined) {
      response.writeHead(302, { location: only.door.url }).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY });
    response.end(page(wordsOf(code), doors));
  };
  return (['GET', 'HEAD'] as const).map((method) => ({ method, path: `${LINK_PATH}*`, maxBytes: 0, handle }));
}

const STYLE = `
:root { color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif; }
body { margin: 0; padding: 2rem 1rem; }
main { max-width: 28rem; margin: 0 auto; }
h1 { margin: 0 0 1.5rem; font-size: 1.5rem; }
section { margin: 0 0 2rem; }
p { margin: 0 0 0.75rem; }
a { display: block; padding: 0.75rem 1rem; border-radius: 0.5rem; background: #1f3a5f; color: #fff; text-align: center; text-decoration: none; }
a:focus-visible { outline: 3px solid #6ea8fe; outline-offset: 2px; }
code { display: block; padding: 0.75rem 1rem; border: 1px solid; border-radius: 0.5rem; overflow-wrap: anywhere; user-select: all; -webkit-user-select: all; }
`;

/** Nothing is loaded, run, framed or sent; the style is known by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function page(words: string, doors: readonly PlatformDoor[]): string {
  const title = word('requestAccess');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Usher</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${doors.flatMap(way).join('')}<section>
<p>${word('link.words')}</p>
<code>${escaped(words)}</code>
</section>
</main>
</body>
</html>
`;
}

function way({ door, platform }: PlatformDoor): readonly string[] {
  if (door === null) return [];
  const where = label(`platform.${platform}`);
  const hint = escaped(plain(say(door.carries ? 'link.send' : 'link.type', { where }), null));
  const open = escaped(plain(say('link.open', { where }), null));
  return [`<section>\n<p>${hint}</p>\n<a href="${escaped(door.url)}" rel="noreferrer">${open}</a>\n</section>\n`];
}

function word(key: WordKey): string {
  return escaped(plain(label(key), null));
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
