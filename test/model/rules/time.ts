// What time and leavers do: one generator for each job.
import { askAgain, escalate, gained, reroute, stageDue } from './approving';
import type { Assignment, Key, Organization, Request } from './book';
import { DAY, HELD, LIVE, assignmentOf, found, live, works } from './book';
import { followDelegation } from './delegations';
import { cancel, closeForPolicy, over, stop, unjustify } from './ending';
import { followEnd, report } from './exceptions';
import { closedFor } from './gates';
import { follow, want } from './giving';
import { close, end, isClosed, isGone } from './requests';
import { endOutOfScope } from './scope';

/** What each job does, one thing that is due after the other: whatever comes between two of them is seen by the second. */
export const jobs: Record<string, (o: Organization, busy?: readonly Key[]) => Generator<void>> = {
  /** Leaves out those on whom somebody else works just now. */
  *'end-access'(o, busy = []) {
    // What ends before its reasons do ends by the job that follows exceptions, and what has not begun by its start.
    const isDue = (one: Assignment): boolean =>
      HELD.includes(one.state) && live(one).every(({ until }) => until !== null && until <= o.now);
    // The soonest first; of two at once the older.
    for (const one of o.assignments.filter(isDue).toSorted((a, b) => Number(a.endsAt) - Number(b.endsAt))) {
      if (isDue(one) && !busy.includes(one.target)) stop(o, one, 'endReached', 'systemRemove', null);
      yield;
    }
  },
  *'end-justifications'(o) {
    for (const one of o.assignments) {
      yield;
      const over = live(one).filter(({ until }) => until !== null && until <= o.now);
      // With the last one it ends by the job above.
      if (over.length < live(one).length) unjustify(o, one, over, 'endReached');
    }
  },
  *'follow-exceptions'(o) {
    // The newer of two bears the end with which both are right.
    for (const one of o.assignments.toReversed().toSorted((a, b) => b.startsAt - a.startsAt)) {
      yield;
      // With the last reason it ends by the job above, and what should have begun by the one below.
      if (!LIVE.includes(one.state) || live(one).every(({ until }) => until !== null && until <= o.now)) continue;
      const before = one.endsAt;
      const known = o.requests.length;
      const since = one.noted ?? o.now;
      if (before === null || before > since) followEnd(o, one, since);
      if (one.state === 'scheduled' || one.endsAt === null || one.endsAt > o.now) continue;
      // It says until when it was told to last, and its end is all that becomes of it.
      one.endsAt = before;
      o.requests.length = known;
      stop(o, one, 'endReached', 'systemRemove', null);
    }
  },
  'end-out-of-scope': endOutOfScope,
  *'end-for-leavers'(o) {
    for (const one of o.assignments) {
      if (LIVE.includes(one.state) && (one.left || !works(o, one.target)))
        stop(o, one, 'targetDisabled', 'systemRemove', null);
      yield;
    }
  },
  *'cancel-for-leavers'(o) {
    for (const one of o.requests) {
      if (isGone(o, one)) cancel(o, one.key, 'system');
      one.left = null;
      yield;
    }
  },
  *'close-for-policies'(o) {
    for (const one of o.requests) {
      if (isClosed(o, one)) closeForPolicy(o, one);
      yield;
    }
  },
  *'reroute-approvals'(o) {
    for (const one of o.delegations) {
      followDelegation(o, one);
      yield;
    }
    for (const one of o.requests) {
      reroute(o, one);
      yield;
    }
  },
  *'report-exceptions'(o) {
    for (const one of o.exceptions) {
      report(o, one);
      yield;
    }
  },
  *'expire-stages'(o) {
    for (const one of o.requests) {
      const stage = stageDue(one);
      if (stage && Number(stage.decideBy) <= o.now) {
        close(o, one, 'expired');
        end(one, 'expired', 'notDecidedInTime');
      }
      yield;
    }
  },
  *'escalate-stages'(o) {
    for (const one of o.requests) {
      yield;
      const stage = stageDue(one);
      if (!stage || stage.escalateAt === null || stage.escalatedAt !== null || stage.escalateAt > o.now) continue;
      stage.escalatedAt = o.now;
      escalate(o, one, stage);
    }
  },
  *'remind-approvers'(o) {
    for (const one of o.requests) {
      yield;
      const stage = stageDue(one);
      if (!stage || stage.remindAt === null || stage.remindAt > o.now) continue;
      // At the same hour, but never less than half a day after a late one.
      let next = stage.remindAt;
      while (next <= o.now + DAY / 2) next += DAY;
      stage.remindAt = next < Number(stage.decideBy) ? next : null;
    }
  },
  *'start-access'(o) {
    const isDue = (one: Request): boolean => one.state === 'scheduled' && Number(one.startsAt) <= o.now;
    for (const one of o.requests.filter(isDue).toSorted((a, b) => Number(a.startsAt) - Number(b.startsAt))) {
      if (isDue(one)) start(o, one);
      yield;
    }
  },
  *'update-holders'(o) {
    for (const one of o.assignments) {
      follow(o, one);
      yield;
    }
    for (const one of o.requests) {
      if (one.state === 'scheduled' && gained(o, one)) reopen(o, one);
      yield;
    }
  },
  *'remind-holders'(o) {
    for (const one of o.assignments) {
      yield;
      const due = one.remindAt !== null && one.remindAt <= o.now;
      if (!LIVE.includes(one.state) || !due || one.endsAt === null || one.endsAt <= o.now) continue;
      const second = one.endsAt - one.startsAt > 2 * DAY ? one.endsAt - DAY : null;
      const both = one.reminded === 0 && second !== null && second <= o.now;
      one.reminded = both ? 2 : Math.min(one.reminded + 1, 2);
      one.remindAt = one.reminded === 1 ? second : null;
    }
  },
};

/** A scheduled start has come: all gates are looked at again (rule 3.2). */
function start(o: Organization, request: Request): void {
  if (isGone(o, request)) {
    cancel(o, request.key, 'system');
    return;
  }
  const assignment = assignmentOf(o, found(request.assignment ?? undefined));
  const { target, package: pack } = request;
  const late = assignment.endsAt !== null && assignment.endsAt <= o.now;
  const gate = closedFor(o, target, pack, found(request.policy ?? undefined), found(request.terms ?? undefined));
  if (late || gate !== null) {
    end(request, 'denied', 'gateClosed');
    over(o, assignment, 'removed', 'gateClosed');
    return;
  }
  if (gained(o, request)) {
    reopen(o, request);
    return;
  }
  assignment.state = 'delivering';
  request.state = 'delivering';
  want(o, assignment);
}

/** Roles that nobody decided on are decided on before it starts (rule 3.8). */
function reopen(o: Organization, request: Request): void {
  if (isGone(o, request)) {
    cancel(o, request.key, 'system');
    return;
  }
  askAgain(o, request);
  const assignment = assignmentOf(o, found(request.assignment ?? undefined));
  over(o, assignment, 'removed', request.detail === 'noApprovers' ? 'gateClosed' : 'canceled');
}
