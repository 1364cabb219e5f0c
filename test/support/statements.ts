// Every statement that the tests had the store send, as a list that a server of another version can be asked about: what one
// version takes and another does not is found without living every test twice. `.ci/run` names the folder and asks.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Client, Connection } from 'pg';
import { connect, migrate } from '../../src/store/database';

interface Parse {
  readonly name?: string;
  readonly text: string;
}

/** What can be prepared. The rest, of migrations and transactions, runs wherever a database is made. */
const PLANNED = /^\s*(?:with|select|insert|update|delete)\b/;

/** Notes what the store prepares from now on (`src/store/message.ts` names it by its hash). Returns what writes the list down. */
export function noteStatements(folder: string): () => void {
  const texts = new Set<string>();
  const wire = Connection.prototype as unknown as { parse: (this: Connection, statement: Parse) => void };
  const { parse } = wire;
  wire.parse = function (statement) {
    if (/^[0-9a-f]{32}$/.test(statement.name ?? '') && PLANNED.test(statement.text)) texts.add(statement.text);
    parse.call(this, statement);
  };
  return () => {
    wire.parse = parse;
    for (const text of texts)
      fs.writeFileSync(path.join(folder, `${createHash('sha256').update(text).digest('hex')}.sql`), text);
  };
}

/** Has the server at `url`, whose database is empty, prepare every noted statement, and says how many. Throws with those it refuses. */
async function prepareAll(folder: string, url: string): Promise<string> {
  const database = await connect({ url, poolMax: 1 });
  await migrate(database).finally(() => database.close());
  const client = new Client({ connectionString: url });
  await client.connect();
  const refused: string[] = [];
  const files = fs.readdirSync(folder);
  try {
    for (const file of files) {
      const text = fs.readFileSync(path.join(folder, file), 'utf8');
      try {
        await client.query(`prepare one as ${text}`);
        await client.query('deallocate one');
      } catch (error) {
        refused.push(`${error instanceof Error ? error.message : String(error)}:\n${text}`);
      }
    }
  } finally {
    await client.end();
  }
  if (files.length === 0) throw new Error('no statement was noted');
  if (refused.length > 0)
    throw new Error(`${refused.length} of ${files.length} are refused.\n\n${refused.join('\n\n')}`);
  return `${files.length} statements`;
}

if (require.main === module) {
  const [folder = '', url = ''] = process.argv.slice(2);
  prepareAll(folder, url).then(console.log, (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
