// What is done behind Usher's back, and the comparison that finds it.
import type { Key, Organization } from './model';
import { HELD } from './model';
import { PEOPLE } from './organization';
import { agree, Command } from './step';
import type { Run } from './step';
import type { ModelWorld } from './world';

/** Systems that can be read. */
export const SYSTEMS = ['reader', 'writer', 'auditor', 'printer'] as const;
type System = (typeof SYSTEMS)[number];

/** A role is given outside of Usher, where Usher never gave it: the baseline of later access. */
export class Outside extends Command {
  constructor(
    readonly person: number,
    readonly system: System,
  ) {
    super();
  }
  check(run: Readonly<Run>): boolean {
    return run.o.grants[`${PEOPLE[this.person] ?? ''} ${this.system}`] === undefined;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    run.story.push(this.toString());
    run.outside.add(`${PEOPLE[this.person] ?? ''} ${this.system}`);
    await real.localRoles.set(PEOPLE[this.person] ?? '', this.system, 'use', 'root', true);
  }
  toString(): string {
    return `Outside(${PEOPLE[this.person] ?? ''}, ${this.system})`;
  }
}

/** A role is taken outside of Usher: most of all one that the person had before. */
export class Taken extends Command {
  constructor(readonly which: number) {
    super();
  }
  key({ o, outside }: Readonly<Run>): string | undefined {
    const placed = Object.keys(o.grants).filter(
      (key) => o.grants[key]?.state === 'placed' && SYSTEMS.some((system) => key.endsWith(` ${system}`)),
    );
    const all = [...outside, ...outside, ...outside, ...placed];
    return all[this.which % Math.max(1, all.length)];
  }
  check(run: Readonly<Run>): boolean {
    return this.key(run) !== undefined;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    const key = this.key(run) ?? '';
    run.story.push(`${this.toString()}: ${key}`);
    if (run.outside.delete(key) && run.o.grants[key]) run.lost.add(key);
    const [person = '', system = ''] = key.split(' ');
    await real.localRoles.set(person, system, 'use', 'root', false);
  }
  toString(): string {
    return `Taken(${this.which})`;
  }
}

interface Said {
  /** `person role` */
  readonly has: ReadonlySet<string>;
  /** Of what somebody is at just now nothing is said. */
  readonly busy: ReadonlySet<string>;
}
interface Differences {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

/** What differs in a system, by the rule (3.12). */
function differences(o: Organization, system: System, { has, busy }: Said): Differences {
  const keys = PEOPLE.map((person): [Key, string] => [person, `${person} ${system}`]);
  const grants = ([person, key]: [Key, string]) => ({
    grant: o.grants[key],
    works: o.people[person]?.enabled === true,
    wanted: holders(o, person, system).length > 0,
  });
  return {
    missing: keys
      .filter(([, key]) => !has.has(key) && !busy.has(key))
      .filter((one) => {
        const { grant, works, wanted } = grants(one);
        return works && wanted && grant?.state === 'placed';
      })
      .map(([, key]) => key),
    extra: keys
      .filter(([, key]) => has.has(key) && !busy.has(key))
      .filter((one) => {
        const { grant, works } = grants(one);
        return grant === undefined || (grant.state === 'taken' && !(grant.baseline === true && works));
      })
      .map(([, key]) => key),
  };
}

const holders = (o: Organization, person: Key, system: System) =>
  o.assignments.filter(
    ({ target, state, roles }) => target === person && HELD.includes(state) && roles.includes(system),
  );

/** What is missing is given back; what is more than that is told alone. */
function giveBack(o: Organization, system: System, keys: readonly string[]): void {
  for (const key of keys) {
    const grant = o.grants[key];
    if (!grant) throw new Error('nothing was given');
    grant.state = 'placing';
    for (const one of holders(o, key.split(' ')[0] ?? '', system)) one.state = 'delivering';
  }
}

const SAID = `select
  array(select subject || ' ' || resource from local_roles) as has,
  array(select p.directory_key || ' ' || r.origin_id from outgoing o join grants g on o.lane = 'grant:' || g.id
    join people p on p.id = g.person_id join resource_roles role on role.id = g.role_id join resources r on r.id = role.resource_id
    where o.kind = 'place' and o.state in ('ready', 'leased')) as busy`;

/** What a system changed when nobody waited any more, and is neither as it should be nor about to be looked at. */
export async function unseen(
  { o, outside, lost }: Run,
  real: ModelWorld,
  changed: readonly string[],
): Promise<string[]> {
  const [row] = await real.sql<{ has: string[]; busy: string[] }>(SAID);
  const [has, busy] = [new Set(row?.has), new Set(row?.busy)];
  return changed.filter((key) => {
    const [person = '', system = ''] = key.split(' ');
    const wanted = holders(o, person, system as System).length > 0;
    return has.has(key) !== wanted && !busy.has(key) && !outside.has(key) && !lost.has(key);
  });
}
const COMPARED = `select r.origin_id as system, c.state, c.held_missing,
  array(select f.kind || ' ' || f.holder || ' ' || r.origin_id from drift_findings f
    where f.resource_id = r.id and f.closed_at is null order by 1) as found
  from comparisons c join resources r on r.id = c.resource_id`;
const BEFORE = `select r.origin_id as system, c.failures > 0 as failed,
  c.held_missing in ('tooMany', 'emptyRead') and c.held_set is not null as waits,
  array(select f.holder || ' ' || r.origin_id from drift_findings f
    where f.resource_id = r.id and f.kind = 'missing' and f.closed_at is null) as missing
  from comparisons c join resources r on r.id = c.resource_id`;

/** Every system is compared with what Usher gave. Which of them can be read depends on chance; of those, what follows is foretold. */
export class Compare extends Command {
  check(): boolean {
    return true;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    const [row] = await real.sql<{ has: string[]; busy: string[] }>(SAID);
    const said = { has: new Set(row?.has), busy: new Set(row?.busy) };
    const before = await real.sql<{ system: string; failed: boolean; waits: boolean; missing: string[] }>(BEFORE);
    await real.job('compare');
    const after = await real.sql<{ system: System; state: string; held_missing: string | null; found: string[] }>(
      COMPARED,
    );
    for (const { system, state, held_missing: held, found } of after) {
      if (state !== 'done') continue;
      const { missing, extra } = differences(run.o, system, said);
      run.story.push(`${system} is compared: ${missing.join()} missing, ${extra.join()} extra`);
      expect(found).toEqual(
        [...extra.map((key) => `extra ${key}`), ...missing.map((key) => `missing ${key}`)].toSorted(),
      );
      const given = PEOPLE.filter((person) => run.o.grants[`${person} ${system}`]?.state === 'placed').length;
      const has = [...said.has].filter((key) => key.endsWith(` ${system}`)).length;
      const was = before.find((one) => one.system === system);
      const isMany = missing.length >= 5 && missing.length === given;
      // Nobody answers here, so what waits for an answer waits on, as long as anybody of it is left.
      const waits = was?.waits === true && missing.some((key) => was.missing.includes(key));
      const stops = (isMany && (missing.length > has || was?.failed === true)) || waits;
      expect(held !== null).toBe(stops);
      if (!stops) giveBack(run.o, system, missing);
    }
    await agree(run, real, false);
  }
  toString(): string {
    return 'Compare()';
  }
}
