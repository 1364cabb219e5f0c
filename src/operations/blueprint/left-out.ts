// What stands, and a written list does not hold. Parts of something end with their line where that is safe (members, owners, stages,
// policies); what is named here has a history of its own: the plan says it, and only "state: deleted" ends it.
import { current, fold, refuse, whereIs, type Draft } from './draft';
import type { Place } from './read';
import { listed } from './values';

/** A role or scope that the written list of its resource does not hold. No package can name it any more. */
export interface LeftPart {
  readonly id: string;
  readonly name: string;
  readonly resource: string;
  readonly place: Place;
}

interface Part {
  readonly id: string;
  readonly name: string;
  readonly originId: string;
  readonly root?: boolean;
}

/** The stored parts that the list does not hold; none where it is not written. */
export function leftParts(
  resource: string,
  place: Place,
  written: readonly { readonly name: string; readonly originId?: string | undefined }[] | undefined,
  stored: readonly Part[],
): LeftPart[] {
  if (written === undefined) return [];
  const holds = (part: Part): boolean =>
    written.some(({ name, originId }) =>
      originId === undefined ? fold(name) === fold(part.name) : originId === part.originId,
    );
  return stored
    .filter((part) => part.root !== true && !holds(part))
    .map(({ id, name }) => ({ id, name, resource, place }));
}

/** A package must not go on giving what the list of its resource does not hold. */
export function settleLeftParts(draft: Draft, parts: readonly LeftPart[]): void {
  const packages = current(draft, 'package', draft.known.packages).filter((one) => one.state === 'active');
  for (const { id, name, resource, place } of parts) {
    const users = packages.filter((one) => one.content.roles.some(({ role, scope }) => role === id || scope === id));
    if (users.length === 0) note(draft, 'resource', resource, place, [name], 'no package gives it');
    else
      refuse(
        draft,
        place,
        `This list does not hold "${name}", which is in ${named(users.map((one) => one.name))}. Add it, or take it out of there as well.`,
      );
  }
}

/** Resources and packages are only ended by name: what is in use, or written in another file, must not end by a line that is not there. */
export function noteLeftOut(
  draft: Draft,
  catalog: string,
  place: Place,
  stored: readonly { readonly id: string; readonly name: string }[],
  entries: readonly { readonly id: string }[],
): void {
  const held = new Set(entries.map(({ id }) => id));
  const left = stored.filter(({ id }) => !held.has(id)).map(({ name }) => name);
  if (left.length > 0)
    note(
      draft,
      'catalog',
      catalog,
      place,
      left,
      `left as ${left.length === 1 ? 'it is' : 'they are'}; "state: deleted" would end ${left.length === 1 ? 'it' : 'them'}`,
    );
}

function note(draft: Draft, noun: string, label: string, place: Place, names: readonly string[], what: string): void {
  const details = [`the list at ${whereIs(draft, place)} does not hold ${named(names)}: ${what}`];
  draft.lines.push({ id: null, action: 'note', noun, label, details });
}

const SHOWN = 5;

function named(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map((name) => `"${name}"`);
  return names.length > SHOWN ? `${shown.join(', ')} and ${names.length - SHOWN} more` : listed(shown, 'and');
}
