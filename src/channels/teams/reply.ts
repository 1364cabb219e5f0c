// A Reply in the form that the invoke at hand can carry: a card's answer, a dialog's, a search's. What an answer cannot
// carry is left over for the chat; sending that is courier's and bot's work.
import type { AdaptiveJson } from '../../chat/adaptive';
import type { Card, Input, Text } from '../../chat/card';
import type { Reply } from '../../chat/inbound';
import { banner, mapInputs, withErrors } from '../../chat/form-errors';
import { cut } from '../../chat/spans';
import { plain } from '../../chat/text';
import { toTeams, type OpensForm } from './card';
import type { Place } from './inbound';

/** A card's JSON; its buttons differ between a message and a dialog. */
export type Draw = (card: Card, where: 'message' | 'dialog') => AdaptiveJson;

/** A form and what was filled in. */
export interface FilledForm {
  readonly card: Card;
  readonly values: Readonly<Record<string, string>>;
  /** What a search called this choice; absent where nobody remembers. */
  readonly titleOf: (value: string) => Text | undefined;
}

/** The body of an invoke's 200, and the card that has to go to the chat because the answer could not carry it. */
export interface InvokeAnswer {
  readonly body: object | null;
  readonly toChat: Card | null;
}

const SEARCH_RESULTS = 15; // clients ask for and show 15, whatever the card says (AdaptiveCards#7686)
const DIALOG_TITLE = 64;

/** The writer for one conversation; `opensForm` tells which buttons ask for a dialog. */
export function createDraw(opensForm: OpensForm): Draw {
  return (card, where) => {
    const { draft } = card;
    // A search sends back its dataset and nothing else of the form, so the draft travels in there.
    const drawn = mapInputs(card, (input) =>
      input.type === 'Input.ChoiceSet' && input.search !== null && draft !== null
        ? { ...input, search: `${input.search}/${draft}` }
        : input,
    );
    return toTeams(drawn, { dialog: where === 'dialog', opensForm });
  };
}

/** Answers an invoke with a reply. `form` is the form that was sent, to be shown again with what was wrong. */
export function answerInvoke(place: Place, reply: Reply, draw: Draw, form: FilledForm | null = null): InvokeAnswer {
  switch (place) {
    case 'card':
      return answerExecute(reply, draw);
    case 'dialog':
      return answerDialog(reply, draw, form);
    case 'search':
      return { body: reply.kind === 'choices' ? searchResults(reply) : searchResults(null), toChat: null };
  }
}

/** One sentence in place of a result: the act goes on in the background, or it could not be read. */
export function sentenceBody(place: Place, sentence: Text): object {
  switch (place) {
    case 'card':
      return toast(plain(sentence, null));
    case 'dialog':
      return dialogMessage(plain(sentence, null));
    case 'search':
      return searchResults(null);
  }
}

/** The error body of a card invoke that cannot be done (row 45). Its HTTP status is 200; clients show the message. */
export function executeError(message: string): object {
  return { statusCode: 400, type: 'application/vnd.microsoft.error', value: { code: 'BadRequest', message } };
}

/** The sentences of refused input on one line each. */
export function errorSentences(reply: Extract<Reply, { kind: 'errors' }>): string {
  const all = [...(reply.say === null ? [] : [reply.say]), ...Object.values(reply.fields)];
  return [...new Set(all.map((sentence) => plain(sentence, null)))].join('\n');
}

/** A card with one sentence above it. */
export function withBanner(card: Card, say: Text | null): Card {
  return say === null ? card : { ...card, body: [banner(say, 'emphasis'), ...card.body] };
}

function answerExecute(reply: Reply, draw: Draw): InvokeAnswer {
  switch (reply.kind) {
    case 'card':
      if (!reply.replaces) {
        return { body: toast(plain(reply.say ?? reply.card.summary, reply.card.reader)), toChat: reply.card };
      }
      return { body: cardBody(withBanner(reply.card, reply.say), draw), toChat: null };
    case 'form':
      // A card cannot open a dialog in answer to Execute, so the form comes as a card of the chat.
      return { body: toast(plain(reply.card.summary, reply.card.reader)), toChat: reply.card };
    case 'errors':
      if (reply.form === undefined) return { body: executeError(errorSentences(reply)), toChat: null };
      return { body: cardBody(withErrors(reply.form, reply), draw), toChat: null };
    case 'text':
      return { body: toast(plain(reply.say, null)), toChat: null };
    case 'choices':
    case 'none':
      return { body: toast(''), toChat: null };
  }
}

function answerDialog(reply: Reply, draw: Draw, form: FilledForm | null): InvokeAnswer {
  switch (reply.kind) {
    case 'form':
      return { body: dialogCard(reply.card, draw), toChat: null };
    case 'card':
      if (reply.replaces) return { body: dialogCard(withBanner(reply.card, reply.say), draw), toChat: null };
      return { body: dialogMessage(plain(reply.say ?? reply.card.summary, reply.card.reader)), toChat: reply.card };
    case 'errors': {
      if (form === null) return { body: dialogMessage(errorSentences(reply)), toChat: null };
      return { body: dialogCard(withErrors(withValues(form), reply), draw), toChat: null };
    }
    case 'text':
      return { body: dialogMessage(plain(reply.say, null)), toChat: null };
    case 'choices':
    case 'none':
      return { body: null, toChat: null };
  }
}

function cardBody(card: Card, draw: Draw): object {
  return { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: draw(card, 'message') };
}

function toast(value: string): object {
  return { statusCode: 200, type: 'application/vnd.microsoft.activity.message', value };
}

function dialogMessage(value: string): object {
  return { task: { type: 'message', value } };
}

/** Its title is the first heading where that fits whole, and is then not said again below it. */
function dialogCard(card: Card, draw: Draw): object {
  const heading = card.body.find((element) => element.type === 'TextBlock' && element.style === 'heading');
  const said = heading?.type === 'TextBlock' ? plain(heading.text, card.reader) : '';
  const isWhole = said !== '' && said.length <= DIALOG_TITLE;
  const shown = isWhole ? { ...card, body: card.body.filter((element) => element !== heading) } : card;
  return {
    task: {
      type: 'continue',
      value: {
        title: isWhole ? said : cut(plain(card.summary, card.reader), DIALOG_TITLE),
        width: 'medium',
        height: 'medium',
        card: { contentType: 'application/vnd.microsoft.card.adaptive', content: draw(shown, 'dialog') },
      },
    },
  };
}

function searchResults(reply: Extract<Reply, { kind: 'choices' }> | null): object {
  const room = reply?.more === null ? SEARCH_RESULTS : SEARCH_RESULTS - 1;
  const results = (reply?.choices ?? [])
    .slice(0, room)
    .map(({ title, value }) => ({ title: plain(title, null), value }));
  // A list has no other place to say that it goes on. Chosen, the line counts as no choice.
  if (reply !== null && reply.more !== null) results.push({ title: plain(reply.more, null), value: '' });
  return { statusCode: 200, type: 'application/vnd.microsoft.search.searchResponse', value: { results } };
}

/** The form with what the person had filled in, so that nothing has to be typed twice. */
function withValues({ card, values, titleOf }: FilledForm): Card {
  return mapInputs(card, (input) => {
    const given = values[input.id];
    return given === undefined ? input : filled(input, given, titleOf(given));
  });
}

function filled(input: Input, given: string, title: Text | undefined): Input {
  switch (input.type) {
    case 'Input.Number':
      return { ...input, value: given !== '' && Number.isFinite(Number(given)) ? Number(given) : null };
    case 'Input.Toggle':
      return { ...input, value: given === 'true' };
    case 'Input.ChoiceSet':
      // A choice found by searching is not among the card's own choices; without its title it could not be shown.
      if (given !== '' && input.search !== null && !input.choices.some((choice) => choice.value === given))
        return title === undefined
          ? input
          : { ...input, choices: [...input.choices, { title, value: given }], value: given };
      return { ...input, value: given === '' ? null : given };
    default:
      return { ...input, value: given === '' ? null : given };
  }
}
