// One sentence for each refusal: what is wrong and what to do next. Does not compile while a code has none.
import type { FaultCode, Faults } from '../../domain/errors';
import type { Text } from '../card';
import { fixed } from '../spans';
import { formatDay } from '../text';
import { label, listed, say, sentence } from '../words';
import { standsAgainst } from './clash';
import type { sentences } from './sentences';

type StateKey = Extract<keyof typeof sentences, `state.${string}`>;

const number = (value: number): Text => say('number', { number: value });
const stateWord = (state: string): Text =>
  label(
    (state === 'scheduled'
      ? 'state.scheduledPlain'
      : state === 'delivered'
        ? 'state.deliveredOther'
        : `state.${state}`) as StateKey,
  );

const faults: { readonly [C in FaultCode]: (data: Faults[C]) => Text } = {
  'not-linked': () =>
    sentence(
      'I do not know who you are yet. Ask your administrator to link this account to your directory entry, then say “hi”.',
    ),
  'link-conflict': () =>
    sentence(
      'It is not clear whose account this is, so nobody was linked. Ask your administrator to write it under the right person.',
    ),
  'foreign-tenant': () => sentence('I only work for people of this organization. Ask your contact there.'),
  'guest-refused': () => sentence('Guests cannot use me here. Ask your contact in this organization.'),
  'bot-refused': () => sentence('I only talk to people.'),
  'person-disabled': () => sentence('Your account is switched off in the directory. Ask your administrator.'),
  'nothing-to-ask': () =>
    sentence(
      'Nothing is listed for you at the moment. Ask for it by its name, for example “request payroll”, or ask your administrator.',
    ),
  'not-found': ({ what }) => {
    switch (what) {
      case 'package':
        return sentence('I know no package of that name that you could ask for. Type “request” to search.');
      case 'managedPackage':
        return sentence('I know no package of that name that you may assign. Choose among yours.');
      case 'request':
        return sentence('I know no such request of yours. Type “my requests” to see them.');
      case 'person':
        return sentence('I know nobody of that name. Try the full name, or the mail address.');
      case 'report':
        return sentence('Nobody of that name reports to you. You can ask for yourself and for your direct reports.');
      case 'assignment':
        return sentence('You do not have that. Type “my access” to see what you have.');
      case 'differences':
        return sentence('I know of no such change outside of Usher in your care. Nothing to do.');
      case 'delegable':
        return sentence(
          'I know no package or catalog of that name where you decide. Leave it out to hand on everything.',
        );
      case 'delegation':
        return sentence('There is no such delegation of yours. Type “delegations” to see them.');
      case 'leavers':
        return sentence('Nobody’s access waits for your word. Nothing to do.');
      case 'card':
        return sentence('This card is out of date. Type “help” to go on.');
    }
  },
  'did-you-mean': ({ typed, names, more }) =>
    sentence(
      more
        ? 'I know no “{typed}”. Did you mean {names}? There are more: type more of the name.'
        : 'I know no “{typed}”. Did you mean {names}?',
      { typed, names: listed(names, 'or', 4) },
    ),
  'which-one': ({ names, more }) =>
    sentence(more ? 'Which one: {names}? There are more: type the name.' : 'Which one: {names}?', {
      names: listed(names, 'or', 4),
    }),
  'several-named': ({ typed, names, more }) =>
    sentence(
      more
        ? 'More than one is called “{typed}”. Which one do you mean: {names}, or another?'
        : 'More than one is called “{typed}”. Which one do you mean: {names}?',
      { typed, names: listed(names, 'or', 4) },
    ),
  'unknown-command': ({ typed, near }) =>
    near === null
      ? sentence('I do not understand “{typed}”. Type “help” to see what I can do.', { typed })
      : sentence('I do not understand “{typed}”. Did you mean “{near}”? Type “help” to see everything.', {
          typed,
          near,
        }),
  'catalog-closed': ({ package: name }) =>
    sentence('{name} cannot be asked for at the moment: its catalog is closed. Ask its owners.', { name }),
  'not-for-outsiders': ({ package: name }) =>
    sentence('{name} is only for people of this organization. Ask your contact there.', { name }),
  incompatible: ({ package: name, with: other, how = 'held', target, ask }) => [
    ...standsAgainst(how, { package: name, other }, target),
    ...(ask
      ? target === null
        ? sentence(' Or type “ask exception {name}”.', { name })
        : sentence(' Or type “ask exception {name} for {target}”.', { name, target })
      : []),
  ],
  'exception-not-needed': ({ package: name, target }) =>
    target === null
      ? sentence('No exception is needed: nothing stands against {name} now. Ask for it: type “request {name}”.', {
          name,
        })
      : sentence('No exception is needed: nothing stands against {name} for {target} now.', { name, target }),
  'exception-lasts': ({ package: name, with: other, until }) =>
    sentence(
      '{name} and {other} may be held together until {until:dateTime} already. It can be renewed when that is near.',
      { name, other, until },
    ),
  'policy-over': ({ package: name, day, next }) => {
    const values = { name, day: [fixed(formatDay(day))] };
    if (next === 'owners')
      return sentence(
        '{name} is given until {day} at the latest, and that is over. Ask its owners if it is needed again.',
        values,
      );
    return next === 'change'
      ? sentence(
          '{name} is given until {day} at the latest, and that is over. To give it for longer, change its policy.',
          values,
        )
      : sentence('{name} is given until {day} at the latest, and that is over.', values);
  },
  'asked-over': ({ package: name, until }) =>
    sentence('{name} was to last until {until:dateTime}, and that is over.', { name, until }),
  'exceptions-closed': ({ package: name }) =>
    sentence('No exceptions are given for {name} any more. Ask its owners.', { name }),
  'start-past-exception': ({ package: name, with: other, until }) =>
    sentence(
      'An exception lets {name} be held beside {other} until {until:dateTime}, which is before that start. Choose an earlier one.',
      { name, other, until },
    ),
  'not-in-scope': ({ package: name, target, ended, owner }) => {
    if (ended)
      return target === null
        ? sentence('The policy of {name} that this went by is not in use any more.', { name })
        : sentence('The policy of {name} that this went by for {target} is not in use any more.', { name, target });
    if (target === null && owner)
      return sentence('No policy lets you ask for {name}. As one of its owners you can have its policies changed.', {
        name,
      });
    return target === null
      ? sentence('No policy lets you ask for {name}. Ask its owners, or your manager.', { name })
      : sentence('No policy lets {target} have {name}. Its owners can change its policies.', {
          name,
          target,
        });
  },
  'already-requested': ({ package: name, number: n, exception }) =>
    sentence(
      exception
        ? 'An exception for {name} is asked for already: {number}. That is decided first, or canceled. Type it to see where it stands.'
        : '{name} is asked for already: {number}. Type that to see where it stands.',
      { name, number: number(n) },
    ),
  'asked-too-often': ({ minutes }) =>
    sentence(
      'You asked for this and took this back several times, so nobody is called about it for now. Ask again in {minutes|# minute|# minutes}.',
      { minutes },
    ),
  'still-ending': ({ package: name, target }) =>
    target === null
      ? sentence('What you had of {name} before you were switched off is just ending. Try again in a minute.', { name })
      : sentence('What {target} had of {name} before being switched off is just ending. Try again in a minute.', {
          name,
          target,
        }),
  'already-held': ({ package: name, endsAt, target, from, choose }) => {
    if (target) {
      if (from)
        return sentence('{target} gets {name} on {from:dateTime} already. Take that away first to give it otherwise.', {
          target,
          name,
          from,
        });
      if (endsAt === null)
        return sentence('{target} has {name} already, without an end date: there is nothing to add.', { target, name });
      return choose
        ? sentence(
            '{target} has {name} until {endsAt:dateTime} already. To add to it, choose a start by then and a later last day.',
            { target, name, endsAt },
          )
        : sentence('{target} has {name} until {endsAt:dateTime} already: there is nothing to add.', {
            target,
            name,
            endsAt,
          });
    }
    return endsAt === null
      ? sentence('No need to ask: {name} is given already, without an end date. Type “my access” to see it.', { name })
      : sentence('No need to ask: {name} is given already, until {endsAt:dateTime}. A reminder comes before it ends.', {
          name,
          endsAt,
        });
  },
  'not-for-others': ({ package: name }) =>
    sentence(
      'You cannot ask for {name} for that person. Managers can, for direct reports, where the policy allows it.',
      { name },
    ),
  'reason-required': () => say('request.reasonRequired'),
  'answer-required': ({ question }) => sentence('Please answer: {question}', { question }),
  'answer-not-offered': ({ question }) => sentence('Choose one of the answers offered: {question}', { question }),
  'text-too-long': ({ field, max }) =>
    sentence('{field} is too long: at most {max|# character|# characters}.', { field, max }),
  'policy-not-offered': ({ package: name }) =>
    sentence('That kind of {name} is no longer offered. Choose one of those that are.', { name }),
  'start-in-past': () => sentence('The start lies in the past. Leave it empty to start as soon as it is approved.'),
  'start-too-late': ({ maxDays }) => sentence('The start may lie at most {maxDays|# day|# days} ahead.', { maxDays }),
  'end-before-start': () => sentence('The last day lies before the start.'),
  'period-not-allowed': ({ package: name }) =>
    sentence('The period of {name} is fixed. Leave the dates empty.', { name }),
  'not-a-date': ({ typed, year }) =>
    year === undefined
      ? sentence('“{typed}” is not a date. Use the form 2026-12-31.', { typed })
      : sentence('“{typed}” is no day of {year}: its February has 28 days. Type “{last}” if you mean the last one.', {
          typed,
          year,
          last: `${year}-02-28`,
        }),
  'no-approvers': ({ package: name, once = false }) =>
    once
      ? sentence(
          'There are too few people who may approve {name} here: nobody decides for themselves, or in two steps. Ask an administrator to name more approvers.',
          { name },
        )
      : sentence(
          'There are too few people who may approve {name} here: nobody decides for themselves. Ask an administrator to name another approver.',
          { name },
        ),
  'not-your-card': () =>
    sentence(
      'This card does not stand where I sent it to you, so nothing was changed. Type “approvals” to me to see what waits for you, or “my requests” for what you asked for.',
    ),
  'own-request': ({ number: n }) =>
    sentence('{number} is your own request, so somebody else decides it.', { number: number(n) }),
  'not-an-approver': ({ number: n }) =>
    sentence('You are not asked to decide {number}. Type “approvals” to see what waits for you.', {
      number: number(n),
    }),
  'already-decided': ({ number: n, state, by, at }) =>
    by === null || at === null
      ? sentence('{number} is closed already: {state}. Nothing was changed.', {
          number: number(n),
          state: stateWord(state),
        })
      : sentence('{by} was faster: {number} was decided on {at:dateTime} ({state}). Nothing was changed.', {
          by,
          number: number(n),
          at,
          state: stateWord(state),
        }),
  'you-decided': ({ number: n, decision }) =>
    decision === 'approve'
      ? sentence('You approved {number} already.', { number: number(n) })
      : sentence('You denied {number} already.', { number: number(n) }),
  'delegation-to-self': () => sentence('You decide for yourself already. Choose somebody else.'),
  'nothing-to-delegate': () => sentence('Nobody asks you to decide anything, so there is nothing to hand on.'),
  'delegation-past': () => sentence('The first day lies in the past. Leave it empty to begin today.'),
  'delegation-too-long': ({ maxDays }) =>
    sentence('The last day may lie at most {maxDays|# day|# days} ahead.', { maxDays }),
  'delegation-exists': ({ name }) =>
    sentence('{name} decides this for you then already, or is asked to. Type “delegations” to see it.', { name }),
  'delegation-loop': ({ name }) =>
    sentence('What {name} decides is handed to you then, so you would decide for yourself. Choose somebody else.', {
      name,
    }),
  'delegation-answered': ({ state }) => say(`delegation.already.${state}`),
  'voice-heard': ({ number: n, decision, by, at, for: other }) => {
    const values = {
      number: number(n),
      by,
      at,
      word: label(decision === 'approve' ? 'voice.approved' : 'voice.denied'),
    };
    return other === null
      ? sentence('{by} {word} {number} for you on {at:dateTime}. Nothing was changed.', values)
      : sentence('{number} is decided for {other} already: {by} {word} it on {at:dateTime}. Nothing was changed.', {
          ...values,
          other,
        });
  },
  'moved-on': ({ number: n, stage }) =>
    stage === null
      ? sentence('{number} asks for an exception, which was not shown. Nothing was decided: look again, then decide.', {
          number: number(n),
        })
      : sentence(
          '{number} is at step {stage} by now, which this did not show. Nothing was decided: look again, then decide.',
          {
            number: number(n),
            stage,
          },
        ),
  'other-voice': ({ number: n, for: other }) =>
    other === null
      ? sentence('You decide {number} for yourself now. Nothing was decided: look again, then decide.', {
          number: number(n),
        })
      : sentence('You decide {number} for {other} now. Nothing was decided: look again, then decide.', {
          number: number(n),
          other,
        }),
  'roles-added': ({ number: n, package: name, added }) =>
    added.length === 0
      ? sentence(
          'What {package} includes is not what this showed. Nothing was decided about {number}: look again, then decide.',
          { number: number(n), package: name },
        )
      : sentence(
          '{package} also includes {added} now, which this did not show. Nothing was decided about {number}: look again, then decide.',
          { number: number(n), package: name, added: listed(added, 'and', 10) },
        ),
  'denial-reason-required': () => say('deny.required'),
  'approval-reason-required': () => say('approve.required'),
  'not-cancelable': ({ number: n, state, granted }) =>
    granted === true
      ? sentence('{number} is granted already. It gives no access by itself, and ends on its last day.', {
          number: number(n),
        })
      : state === 'canceled'
        ? sentence('{number} is canceled already.', { number: number(n) })
        : ['delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'].includes(state)
          ? sentence('{number} is approved already. To end the access, give it up: type “my access”.', {
              number: number(n),
            })
          : sentence('{number} cannot be canceled any more: {state}.', { number: number(n), state: stateWord(state) }),
  'not-extendable': ({ package: name, again }) =>
    again
      ? sentence('{name} cannot be extended. When it has ended you can ask for it again.', { name })
      : sentence('{name} cannot be extended. If you need it for longer, ask its owners.', { name }),
  'extension-too-early': ({ package: name, from }) =>
    sentence('{name} can be extended from {from:dateTime} on. I will remind you then.', { name, from }),
  'extension-limit': ({ package: name, max, again }) => {
    if (max === 0) return explain('not-extendable', { package: name, again });
    return again
      ? sentence(
          '{name} was extended {max|once|# times} already, which is the most. When it has ended you can ask for it again.',
          { name, max },
        )
      : sentence(
          '{name} was extended {max|once|# times} already, which is the most. If you need it for longer, ask its owners.',
          { name, max },
        );
  },
  'extension-past-limit': ({ package: name, until }) =>
    sentence('{name} can last until {until:dateTime} at the latest, so it cannot be extended.', { name, until }),
  'extension-past-exception': ({ package: name, with: other, until, ask, from }) => {
    const values = { name, other, until };
    if (!ask)
      return sentence(
        '{name} cannot be extended beyond {until:dateTime}, when the exception ends that lets it be held beside {other}. Ask its owners for a new exception.',
        values,
      );
    return from === null
      ? sentence(
          '{name} cannot be extended beyond {until:dateTime}, when the exception ends that lets it be held beside {other}. Ask for a new exception: type “ask exception {name}”.',
          values,
        )
      : sentence(
          '{name} cannot be extended beyond {until:dateTime}, when the exception ends that lets it be held beside {other}. A new exception can be asked for from {from:dateTime} on.',
          { ...values, from },
        );
  },
  'no-end-to-extend': ({ package: name }) =>
    sentence('{name} has no end date, so there is nothing to extend.', { name }),
  'not-to-share': ({ package: name }) =>
    sentence('{name} is hidden, so only those who look after its catalog share it. Ask one of them for the link.', {
      name,
    }),
  'not-self-removable': ({ package: name }) => sentence('{name} cannot be given up here. Ask its owners.', { name }),
  'not-held': ({ package: name, target, asked }) => {
    if (target === null)
      return sentence('You do not have {name} now. Type “my access” to see what you have.', { name });
    return asked === undefined
      ? sentence('{target} does not have {name} now. Choose another package, or another person.', { name, target })
      : sentence('{target} does not have {name} yet: {number} asks for it. Type that to see where it stands.', {
          name,
          target,
          number: number(asked),
        });
  },
  'removal-reason-required': () => say('remove.required'),
  'self-assignment': () => sentence('Nobody assigns themselves. Ask for it like everybody else, or ask another owner.'),
  'nothing-failed': ({ package: name }) =>
    sentence('Nothing of {package} is set up yet, so nothing can be set up again.', { package: name }),
  'not-your-task': () =>
    sentence('This task is not yours to do, or not any more. Type “tasks” to see what waits for you.'),
  'task-not-open': () => sentence('This task is closed already. Nothing was changed.'),
  'task-note-required': () => say('task.noteRequired'),
  'drift-moved-on': ({ resource }) =>
    sentence('What was changed in {resource} is not what you saw any more. Nothing was done. This is how it is now.', {
      resource,
    }),
  'drift-concerned': ({ resource }) =>
    sentence(
      'You would lose access by this yourself, so somebody else in charge of {resource} decides. Nothing was changed.',
      {
        resource,
      },
    ),
  'drift-answered': ({ resource, accepted, by }) => {
    if (by === null)
      return accepted
        ? sentence('You accepted what was asked about {resource}, and it is being done.', { resource })
        : sentence('You declined what was asked about {resource}, and nothing is changed.', { resource });
    return accepted
      ? sentence('{by} was faster and accepted what was asked about {resource}, and it is being done.', {
          by,
          resource,
        })
      : sentence('{by} was faster and declined what was asked about {resource}. Nothing was changed.', {
          by,
          resource,
        });
  },
  'leavers-answered': ({ package: name, last }) => {
    if (last === null) return sentence('Nobody’s access to {package} waits for your word any more.', { package: name });
    const { by, at } = last;
    return by === null
      ? sentence('You pressed Remove for {package} on {at}. Nothing waits for your word any more.', {
          package: name,
          at,
        })
      : sentence('{by} pressed Remove for {package} on {at}. Nothing waits for your word any more.', {
          package: name,
          by,
          at,
        });
  },
  'leavers-moved-on': ({ package: name }) => say('leavers.movedOn', { package: name }),
  forbidden: () => sentence('You may not do that. Type “help” to see what you can do.'),
  stale: () => sentence('Somebody else was changing this at the same moment. Please try again.'),
  'draft-gone': () =>
    sentence(
      'That form is no longer open, perhaps because it was sent already. Press its button or type the command once more.',
    ),
  'same-key-other-body': () => sentence('I could not read that. Nothing was changed. Please try again.'),
  'too-busy': () => say('surface.busy'),
};

/** Whether there is a sentence for what was kept as the code of a refusal. */
export const hasWords = (code: string): code is FaultCode => Object.hasOwn(faults, code);

/** The sentence for a refusal. */
export function explain<C extends FaultCode>(code: C, data: Faults[C]): Text {
  return faults[code](data);
}
