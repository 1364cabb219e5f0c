// Leaving the scope of a policy that ends access then (rule 3.16), and the brake where many leave at once (rule 3.15).
import type { Assignment, Key, Organization, Reason } from './book';
import { DAY, HELD, live, packageOf, termsOf, works } from './book';
import { unjustify } from './ending';
import { inScope } from './gates';

/** Reasons that are none any more, by the policies as they are now. */
function leftBehind(o: Organization, one: Assignment): Reason[] {
  if (!works(o, one.target) || !HELD.includes(one.state)) return [];
  return live(one).filter((reason) => {
    const policy = packageOf(o, one.package).policies.find(({ name }) => name === reason.policy);
    const terms = termsOf(o, policy?.current ?? null);
    return policy?.enabled && terms.mode === 'request' && terms.endsWithScope && !inScope(o, terms, one.target);
  });
}

/** Everybody is looked at; who left is found, judged with all others of the package, and loses the access unless they are many. */
export function* endOutOfScope(o: Organization): Generator<void> {
  for (const one of o.assignments) {
    const isGone = leftBehind(o, one).length > 0;
    if (isGone && !one.leaver) one.leaver = { state: 'found', at: o.now };
    else if (!isGone && one.leaver && one.leaver.state !== 'ended') delete one.leaver;
  }
  yield;
  for (const pack of Object.keys(o.packages)) {
    const ending = judge(o, pack);
    yield;
    for (const one of ending) {
      unjustify(o, one, leftBehind(o, one), 'outOfScope');
      if (one.leaver?.state === 'ending') delete one.leaver;
      yield;
    }
  }
}

function judge(o: Organization, pack: Key): Assignment[] {
  const all = o.assignments.filter((one) => one.package === pack);
  const are = (...states: string[]): Assignment[] =>
    all.filter(({ leaver }) => leaver && states.includes(leaver.state));
  const ended = are('ended').filter(({ leaver }) => Number(leaver?.at) > o.now - DAY).length;
  const people = are('found', 'asked', 'ending').length + ended;
  const holders = all.filter(({ state }) => HELD.includes(state)).length + ended;
  // Nobody here has more than twenty people to lose.
  const isHeld = people >= 5 && people >= holders;
  for (const one of are('found')) one.leaver = { state: isHeld ? 'asked' : 'ending', at: o.now };
  return are('ending');
}
