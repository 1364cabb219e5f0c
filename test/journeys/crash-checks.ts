// What must be true after replicas died: what people were told is what stands, nothing is there twice, and every message is true.
import { join } from 'node:path';
import { loadCards } from '../../src/chat/cards';
import type { Channel } from '../../src/chat/channel';
import { toText } from '../../src/chat/text';
import { redraw } from '../../src/jobs/tell';
import type { OutgoingRow } from '../../src/operations/ports';
import { DONE, EVENT } from './crash-clicks';
import type { Click, Kind, Told } from './crash-clicks';
import type { House } from './crash-house';

interface Found {
  readonly delivery: string;
  readonly actor: string;
  readonly types: readonly string[];
  readonly transactions: number;
  readonly requests: readonly string[];
}

/** Confirmed clicks acted exactly once and refused ones never; of a click nobody heard of again, all or nothing is there. */
export async function expectLedger({ world, platform }: House, ledger: Told['ledger']): Promise<void> {
  const found = new Map(
    (
      await world.sql<Found>(
        `select delivery, min(p.directory_key) as actor, array_agg(type order by e.id) as types, count(distinct xid)::integer as transactions,
           array_agg(distinct request_id::text) as requests
         from audit_events e join people p on p.id = e.actor_id where delivery is not null group by delivery`,
      )
    ).map((row) => [row.delivery, row]),
  );
  const stored = await world.sql<{ delivery: string; state: string; reply: unknown }>(
    'select delivery, state, reply from inbound',
  );
  const deliveries = new Map(stored.map((row) => [row.delivery, row]));
  const wrong: string[] = [];
  const acted: Record<Kind, number> = { submit: 0, approve: 0, deny: 0, cancel: 0, giveUp: 0 };
  for (const one of ledger) {
    const effect = found.get(one.key);
    const complain = (what: string): void => {
      wrong.push(
        `${one.kind} by ${one.user} (${one.result}, "${one.said}", ${one.tries} tries): ${what} ${JSON.stringify(effect ?? null)}`,
      );
    };
    if (one.result === 'open') {
      // Stored before it was confirmed, so it was handled later and answered; the last answer is the one that counts.
      const answers = platform.answers.get(one.inbound.delivery) ?? [];
      one.said = answers.at(-1)?.said ?? '';
      one.result = DONE[one.kind].test(one.said) ? 'done' : 'refused';
      if (answers.length === 0) complain('was accepted and never answered');
      if (deliveries.get(one.inbound.delivery)?.state !== 'done') complain('was accepted and is not done');
    }
    if (one.result === 'done' && !effect) complain('was confirmed and is lost');
    if (one.result === 'refused' && effect) complain('was refused and acted');
    if (!effect) continue;
    acted[one.kind] += 1;
    if (effect.transactions !== 1) complain('acted twice');
    if (effect.actor !== one.user) complain('acted as somebody else');
    if (effect.types.filter((type) => type === EVENT[one.kind]).length !== 1) complain('is not whole');
    if (one.request !== null && !effect.requests.includes(one.request)) complain('acted on something else');
    const delivery = deliveries.get(one.key);
    if (delivery?.state !== 'done' || delivery.reply === null) complain('has no stored answer');
  }
  expect(wrong).toEqual([]);
  // And nothing is there that nobody clicked.
  const [count] = await world.sql<Record<string, number>>(`select
    (select count(*)::integer from requests where type = 'userAdd') as submit,
    (select count(*)::integer from decisions where decision = 'approve') as approve,
    (select count(*)::integer from decisions where decision = 'deny') as deny,
    (select count(*)::integer from requests where state = 'canceled' and detail = 'canceledByRequestor' and assignment_id is null) as cancel,
    (select count(*)::integer from requests where type = 'userRemove') as "giveUp"`);
  expect(acted).toEqual(count);
  const of = (result: Click['result']): number => ledger.filter((one) => one.result === result).length;
  console.info(
    `crash test: ${of('done')} done, ${of('refused')} refused, ${of('unknown')} unheard, ` +
      `${ledger.filter((one) => one.tries > 1).length} sent again; ${JSON.stringify(acted)}`,
  );
}

/** The connected system has exactly what live access wants. */
export async function expectRoles({ world }: House): Promise<void> {
  const wanted = await world.sql(
    `select distinct p.directory_key as subject, resources.origin_id as resource, role.origin_id as role, scope.origin_id as scope
     from assignments a join people p on p.id = a.target_id join packages on packages.id = a.package_id
     join package_grants g on g.package_version_id = packages.current_version_id
     join resource_roles role on role.id = g.role_id join resources on resources.id = role.resource_id
     join resource_scopes scope on scope.id = g.scope_id
     where a.state in ('delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed') order by 1, 2, 3, 4`,
  );
  expect(await world.sql('select subject, resource, role, scope from local_roles order by 1, 2, 3, 4')).toEqual(wanted);
  expect(await world.sql(`select kind, error from outgoing where state <> 'done'`)).toEqual([]);
}

/** Everybody was told, and nobody reads a message twice, wherever a replica died or stood still. */
export async function expectCopies({ world, platform }: House): Promise<void> {
  const unsaid = await world.sql(
    `select o.notice, o.subject_id from outgoing o where o.kind = 'tell' and o.person_id is not null and not exists (
       select 1 from cards c where c.person_id = o.person_id and c.subject_id = o.subject_id and c.state = 'live'
         and split_part(c.view, '~', 1) = o.notice)`,
  );
  expect(unsaid).toEqual([]);
  const cards = platform.messages.map(({ shown }) => shown.card);
  expect(cards.filter((card, at) => cards.indexOf(card) !== at)).toEqual([]);
}

/** What stands in every remembered message is what would be drawn now. */
export async function expectTruth({ world, platform }: House, seed: number, most: number): Promise<void> {
  const now = new Map<string, string>();
  const channel: Channel = {
    platform: 'web',
    routes: [],
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    profile: () => Promise.resolve(null),
    answer: () => Promise.resolve(null),
    misfit: () => null,
    send: () => Promise.reject(new Error('a redraw sends nothing')),
    update: (ref, card) => {
      now.set(ref.message, toText(card));
      return Promise.resolve();
    },
  };
  await world.sql('update cards set hash = null returning 1');
  const parts = { ...world, book: loadCards(join(__dirname, '../../cards')), channels: new Map([['web', channel]]) };
  const subjects = await world.sql<{ kind: string; id: string }>(
    `select kind, id from (select distinct subject_kind as kind, subject_id as id from cards where state = 'live') s order by md5(id || $1) limit ${most}`,
    [String(seed)],
  );
  for (let from = 0; from < subjects.length; from += 10) {
    await world.sql('delete from gates returning 1'); // what is drawn here goes nowhere, so no rate holds it up
    await Promise.all(
      subjects
        .slice(from, from + 10)
        .map((subject) => redraw(parts, { subject, params: {}, lease: { id: 0, token: '' } } as OutgoingRow)),
    );
  }
  const shown = new Map(platform.messages.map((message) => [message.id, message.shown.text]));
  // What else the person holds is told as of the last change of the request itself; whether more may be asked for, after a request
  // or after the access, as of the last change of that, since what else is held or waits decides it too. The tap asks the rules again.
  const ofRequest = /^(?:R-\d+ |Nobody decided on )/;
  const next = /^(?:Ask again: |Extend: |You can ask again with one tap|You cannot ask for .+ again now\b).*$/gm;
  const lasting = (text = ''): string =>
    text
      .replace(/^Already holds: .*$/m, '')
      .replace(/\n(?:Needed again\? Ask with one tap\.\nAsk again: .*|You cannot ask for .+ again now\. .*)$/, '')
      .replace(next, (line) => (ofRequest.test(text) ? '' : line))
      .replace(/\n+/g, '\n')
      .trim();
  const stale = [...now].filter(([id, text]) => lasting(shown.get(id)) !== lasting(text));
  expect(stale.map(([id, text]) => ({ shown: shown.get(id), true: text }))).toEqual([]);
}
