// THE translator from a bound card to Block Kit: messages and modals. Whatever it writes is inside Slack's limits: of what is
// too long lines go from the end. What else would get lost on the way (a button, a choice) is a misfit, and such a card is not sent.
import type { types } from '@slack/bolt';
import {
  hasInputs,
  type Action,
  type Card,
  type ExecuteAction,
  type Reader,
  type Text,
  type TextBlock,
} from '../../chat/card';
import { fitted } from '../../chat/fit';
import { fixed } from '../../chat/spans';
import { fitLines, plain, toLines } from '../../chat/text';
import { encode } from './ids';
import * as limit from './limits';
import { line, mrkdwn, textObject } from './mrkdwn';
import { Sheet, type Block } from './sheet';

/**
 * A message: `text` is what screen readers say in place of the blocks, and notifications show the beginning of it. Always set; send
 * both, on updates too.
 */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: Block[];
}

/** A remembered or answered card as a message. Send it with unfurling off. */
export function toMessage(card: Card): SlackMessage {
  return { text: words(card), blocks: messageSheet(card).finish() };
}

/** A form. The first action becomes the submit button, other actions stay buttons below; `close` names the way out. */
export function toModal(card: Card, words: { readonly close?: Text } = {}): types.ModalView {
  return drawModal(
    fitted(card, (one) => !fitsModal(one)),
    words,
  );
}

function drawModal(card: Card, words: { readonly close?: Text }): types.ModalView {
  const submit = submitOf(card);
  if (submit === null) throw new Error(`form "${card.name}" has no button that sends it`);
  const { sheet, title } = modalSheet(card, submit);
  const carried = { card: card.id, draft: card.draft, verb: submit.verb, data: submit.data };
  const metadata = encode(carried, limit.PRIVATE_METADATA) ?? '';
  return {
    type: 'modal',
    callback_id: submit.verb.slice(0, limit.ID_LENGTH),
    private_metadata: metadata,
    title: short(title, card.reader),
    submit: short(submit.title, card.reader),
    ...(words.close === undefined ? {} : { close: short(words.close, card.reader) }),
    blocks: sheet.finish(),
  };
}

/** A card without inputs as the last view of a modal, or as an answer inside one. */
export function toResultModal(card: Card, words: { readonly close?: Text } = {}): types.ModalView {
  const { sheet, title } = modalSheet(
    fitted(card, (one) => modalSheet(one, null).sheet.length > limit.VIEW_BLOCKS),
    null,
  );
  const carried = { card: card.id, draft: card.draft, verb: null, data: {} };
  return {
    type: 'modal',
    callback_id: card.name.slice(0, limit.ID_LENGTH),
    private_metadata: encode(carried, limit.PRIVATE_METADATA) ?? '',
    title: short(title, card.reader),
    ...(words.close === undefined ? {} : { close: short(words.close, card.reader) }),
    blocks: sheet.finish(),
  };
}

/** What is opened at once, because a `trigger_id` lives three seconds; the form replaces it. */
export function loadingModal(text: Text): types.ModalView {
  return {
    type: 'modal',
    callback_id: 'loading',
    title: short(text, null),
    blocks: [{ type: 'section', text: textObject(text, null, limit.SECTION_TEXT) }],
  };
}

/** A card as Slack gets it; throws where something of it would be missing there. */
export function toSlack(card: Card): SlackMessage | types.ModalView {
  const problem = misfit(card);
  if (problem !== null) throw new Error(problem);
  return hasInputs(card) ? toModal(card) : toMessage(card);
}

/** Which limit of Slack the card breaks so that a part of it that may not go would be missing, in words for a log, or null. */
export function misfit(card: Card): string | null {
  if (!hasInputs(card)) return messageSheet(card).loss(limit.MESSAGE_BLOCKS);
  const submit = submitOf(card);
  if (submit === null) return 'a form without a button that sends it';
  const carried = { card: card.id, draft: card.draft, verb: submit.verb, data: submit.data };
  if (encode(carried, limit.PRIVATE_METADATA) === null) return `private_metadata over ${limit.PRIVATE_METADATA}`;
  const shown = fitted(card, (one) => !fitsModal(one));
  const loss = modalSheet(shown, submit).sheet.loss(limit.VIEW_BLOCKS);
  if (loss !== null) return loss;
  const bytes = bytesOf(shown);
  return bytes <= limit.VIEW_BYTES ? null : `${bytes} bytes, views have at most ${limit.VIEW_BYTES}`;
}

function messageSheet(card: Card): Sheet {
  const drawn = (one: Card): Sheet => {
    const sheet = new Sheet(one);
    sheet.elements(one.body);
    sheet.buttonRow(one.actions);
    return sheet;
  };
  return drawn(fitted(card, (one) => drawn(one).length > limit.MESSAGE_BLOCKS));
}

function fitsModal(card: Card): boolean {
  const submit = submitOf(card);
  if (submit === null) return true;
  return modalSheet(card, submit).sheet.length <= limit.VIEW_BLOCKS && bytesOf(card) <= limit.VIEW_BYTES;
}

function bytesOf(form: Card): number {
  return Buffer.byteLength(JSON.stringify(drawModal(form, {})), 'utf8');
}

function submitOf(card: Card): ExecuteAction | null {
  return card.actions.find((action) => action.type === 'Action.Execute') ?? null;
}

/**
 * The title is the first heading where that fits whole, and is then not said again below it. A longer one stays whole as the first
 * block, and the title is what it begins with in our own words ("Request"), what the form does (its submit button), the number of
 * what it is about, or our name: half a package's name could be another's.
 */
function modalSheet(card: Card, submit: Action | null): { readonly sheet: Sheet; readonly title: Text } {
  const heading = card.body.find(
    (element): element is TextBlock => element.type === 'TextBlock' && element.style === 'heading',
  );
  const fits = (text: Text | undefined): text is Text =>
    text !== undefined && plain(text, card.reader).length <= limit.VIEW_WORD;
  const whole = fits(heading?.text);
  const sheet = new Sheet(card);
  sheet.elements(whole ? card.body.filter((element) => element !== heading) : card.body);
  sheet.buttonRow(card.actions.filter((action) => action !== submit));
  const said = heading?.text ?? card.summary;
  return { sheet, title: [said, ownWords(said), submit?.title, numberIn(card.summary)].find(fits) ?? [fixed('Usher')] };
}

/** The words of ours before the first name in a heading, without the one that only leads to it ("Exception for"). */
function ownWords(text: Text): Text | undefined {
  const [first] = text;
  if (first?.kind !== 'fixed' || !/\p{L}\s*$/u.test(first.text)) return undefined;
  return [fixed(first.text.trim().replace(/ (?:for|from|of|to|with)$/, ''))];
}

/** All of the card in words, the summary first. */
function words(card: Card): string {
  const write = (line: Text): string => mrkdwn(line, card.reader, limit.MESSAGE_TEXT);
  const text = fitLines(toLines(card), write, ({ length }) => length <= limit.MESSAGE_TEXT);
  return text.trim() === '' ? card.name : text;
}

/** The number with which a summary begins ("R-1042"). */
function numberIn(summary: Text): Text | undefined {
  const before = summary.findIndex(({ kind }) => kind !== 'fixed');
  const begin = plain(before < 0 ? summary : summary.slice(0, before), null);
  const number = /^[A-Z]-\d+(?=\s)/.exec(begin)?.[0];
  return number === undefined ? undefined : [fixed(number)];
}

/** On one line, at most 24 characters. Words of ours fit whole: what is longer is cut here and stands in a block as well. */
function short(text: Text, reader: Reader | null): types.PlainTextElement {
  return { type: 'plain_text', text: line(text, reader, limit.VIEW_WORD), emoji: false };
}
