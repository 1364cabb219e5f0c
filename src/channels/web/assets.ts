// The page's files: a fixed list, served from the source tree, plus the card renderer from its package.
// No path of a request ever becomes a path on disk.
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ServerResponse } from 'node:http';

// tsc copies no static files; `src` and `dist` lie at the same depth, so both find the source tree.
const PAGE = resolve(__dirname, '..', '..', '..', 'src', 'channels', 'web', 'page');

const SCRIPT = 'text/javascript; charset=utf-8';
const own = (file: string, type: string): Asset => ({ type, file: () => join(PAGE, file) });

interface Asset {
  readonly type: string;
  readonly file: () => string;
}

/** Path of the request -> file. `test/channels/web` compares the list with the folder. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map([
  ['/', own('index.html', 'text/html; charset=utf-8')],
  ...['style.css', 'people.css', 'cards.css', 'slack.css'].map((name): [string, Asset] => [
    `/${name}`,
    own(name, 'text/css; charset=utf-8'),
  ]),
  ['/icon.svg', own('icon.svg', 'image/svg+xml')],
  ...[
    'theme.js',
    'app.js',
    'api.js',
    'dom.js',
    'cards.js',
    'blocks.js',
    'mrkdwn.js',
    'fields.js',
    'combobox.js',
    'panes.js',
    'pick-many.js',
    'conversation.js',
    'form.js',
    'personas.js',
    'composer.js',
    'empty.js',
    'notices.js',
    'view.js',
  ].map((name): [string, Asset] => [`/${name}`, own(name, SCRIPT)]),
  [
    '/vendor/adaptivecards.js',
    {
      type: SCRIPT,
      // The package's own main file is an extensionless module that Node cannot load; its folder is found by package.json.
      file: () => join(dirname(require.resolve('adaptivecards/package.json')), 'dist', 'adaptivecards.min.js'),
    },
  ],
]);

/** Sends one file of the list. */
export async function sendAsset(asset: Asset, response: ServerResponse): Promise<void> {
  const content = await readFile(asset.file());
  response.writeHead(200, {
    'content-type': asset.type,
    'content-length': content.length,
    'cache-control': 'no-cache',
  });
  response.end(content);
}
