// What a person may tap instead of typing it: the name or the command that was perhaps meant, and the next step that a refusal
// names. A tap is the typed text once more, by the same door, so whether it may be done is looked at then.
import { z } from 'zod';
import type { DomainError } from '../domain/errors';
import type { Text } from './card';
import type { CardDataOf } from './card-data';
import { parse } from './commands';
import type { Act } from './inbound';
import { typedNumber } from './present/common';
import { user } from './spans';
import { numberTyped } from './typed';
import { read, TYPED } from './verb';
import { label } from './words';
import { explain } from './words/faults';

/** What is longer was made by something else, and would not fit into a button. */
const LONGEST = 300;
const TITLE = 75;
/** What a client could take for a template of its own (row 49); words are guarded, what a button carries is not. */
const MARKERS = /\$\{|\{\{/;

type Choice = CardDataOf['suggestions']['choices'][number];

const typed = z.object({ text: z.string().min(1).max(LONGEST) });

/** A pressed suggestion is the text that it stands for; any other act stays what it is. */
export function asTyped(act: Act): Act {
  if (act.kind !== 'press' || act.verb !== TYPED) return act;
  const found = read(typed, act.data);
  return found ? { kind: 'text', text: found.text } : act;
}

/** The refusal of a typed text with what may be tapped; null where there is nothing. */
export function suggestions(text: string, fault: DomainError): CardDataOf['suggestions'] | null {
  const choices = [...meant(text, fault), ...next(text, fault)].filter(
    ({ typed: command }) => command.length <= LONGEST && !MARKERS.test(command),
  );
  return choices.length === 0 ? null : { summary: explain(fault.code, fault.data), choices };
}

function meant(text: string, fault: DomainError): readonly Choice[] {
  if (fault.is('unknown-command')) {
    const { near } = fault.data;
    return near === null || parse(near) === null ? [] : [choice([user(near, TITLE)], near, 'positive')];
  }
  if (fault.is('which-one')) {
    const words = parse(text)?.typed.words;
    return words === undefined ? [] : fault.data.names.map((name) => choice([user(name, TITLE)], `${words} ${name}`));
  }
  if (!fault.is('did-you-mean') && !fault.is('several-named')) return [];
  const command = parse(text);
  return fault.data.names.flatMap((name) => {
    const rest = command && withName(command.rest, fault.data.typed, name);
    return rest ? [choice([user(name, TITLE)], `${command.typed.words} ${rest}`)] : [];
  });
}

/** The text with one name put in another's place; null where that does not stand there as a whole. */
function withName(text: string, name: string, other: string): string | null {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const [before, after] = [text.slice(0, at), text.slice(at + name.length)];
    if (/(^|\s)$/.test(before) && /^(\s|$)/.test(after)) return before + other + after;
  }
  return null;
}

/** The search, where more are meant than have a button and the command has one. */
function search(text: string): readonly Choice[] {
  const words = parse(text)?.typed.words ?? '';
  if (words === 'assign') return [choice(label('assign'), 'assign')];
  if (words === 'share') return [choice(label('share'), 'share')];
  const asks = ['request', 'request access', 'ask for', 'package'];
  return asks.includes(words) ? [choice(label('requestAccess'), 'request')] : [];
}

function next(text: string, fault: DomainError): readonly Choice[] {
  if ((fault.is('did-you-mean') || fault.is('several-named')) && fault.data.more) return search(text);
  if (fault.is('already-requested')) {
    const number = typedNumber(fault.data.number);
    return [choice(label('details'), number)];
  }
  if (fault.is('not-found')) {
    switch (fault.data.what) {
      case 'package':
        if (parse(text)?.typed.words === 'share') return [choice(label('share'), 'share')];
        return [choice(label('requestAccess'), 'request')];
      case 'managedPackage':
        return among(text);
      case 'request':
        return [choice(label('myRequests'), 'my requests')];
      case 'assignment':
        return [choice(label('myAccess'), 'my access')];
      case 'report':
        return [choice(label('requestAccess'), 'request')];
      case 'person':
      case 'card':
      case 'differences':
      case 'leavers':
        return [];
    }
  }
  if (fault.is('incompatible') && fault.data.ask) {
    const { package: name, target } = fault.data;
    return [choice(label('continue'), `ask exception ${name}${target === null ? '' : ` for ${target}`}`, 'positive')];
  }
  if (fault.is('extension-past-exception') && fault.data.ask && fault.data.from === null)
    return [choice(label('continue'), `ask exception ${fault.data.package}`, 'positive')];
  if (fault.is('exception-not-needed') || fault.is('exception-lasts')) {
    const rest = parse(text)?.rest ?? '';
    return rest === '' ? [] : [choice(label('requestAccess'), `request ${rest}`)];
  }
  // Its card says who its owners are, which the sentence leads to.
  if (fault.is('not-self-removable') || fault.is('exceptions-closed') || fault.is('extension-past-exception'))
    return [choice(label('details'), `package ${fault.data.package}`)];
  if (fault.is('not-in-scope') && fault.data.target === null)
    return [choice(label('details'), `package ${fault.data.package}`)];
  if (fault.is('self-assignment')) return [choice(label('requestAccess'), 'request')];
  if (fault.is('task-not-open')) {
    const { number } = numberTyped(parse(text)?.rest ?? '', 't');
    return number === null ? [] : [choice(label('details'), `T-${number}`)];
  }
  if (fault.is('not-your-task')) return [choice(label('tasks'), 'tasks')];
  if (fault.is('not-an-approver')) return [choice(label('approvals'), 'approvals')];
  if (fault.is('not-held') && fault.data.target !== null) return instead(text, fault.data.target, fault.data.asked);
  if (fault.is('already-held') || fault.is('not-held')) return [choice(label('myAccess'), 'my access')];
  if (fault.is('unknown-command') || fault.is('forbidden')) return [choice(label('help'), 'help')];
  return [];
}

/** The command that was typed, alone: it lets the package be chosen. */
function among(text: string): readonly Choice[] {
  const words = parse(text)?.typed.words;
  if (words === 'remove' || words === 'remove leavers') return [choice(label('remove'), words)];
  if (words === 'reprocess') return [choice(label('reprocess.title'), words)];
  return [choice(label('assign'), 'assign')];
}

/** What somebody else does not have: the request for it, or the same command with the package still to be chosen. */
function instead(text: string, target: string, asked: number | undefined): readonly Choice[] {
  if (asked !== undefined) return [choice(label('details'), typedNumber(asked))];
  const words = parse(text)?.typed.words;
  return words === undefined ? [] : [choice([user(`${words} ${target}`, TITLE)], `${words} ${target}`)];
}

function choice(title: Text, command: string, style: Choice['style'] = 'default'): Choice {
  return { title, style, typed: command };
}
