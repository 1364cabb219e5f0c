// Modals: opening within the life of a trigger, updating with the hash, showing what is wrong with a form, and bringing a
// form back with everything that was typed. One modal never stacks a second one on itself, so three are never reached (row 15).
import type { types } from '@slack/bolt';
import type { Card, Text } from '../../chat/card';
import { withErrors } from '../../chat/form-errors';
import type { Reply } from '../../chat/inbound';
import { toMessage, toModal, toResultModal } from './blocks';
import { decode, inputBlockId, inputOf } from './ids';
import { isObject, type Json, listAt, objectAt, textAt } from './json';
import { INPUT_HINT } from './limits';
import { line } from './mrkdwn';
import { problems, sayCard, sayView } from './say';
import { isCode, type Web } from './web';

type Errors = Extract<Reply, { kind: 'errors' }>;

export interface ViewRef {
  readonly id: string;
  /** Null: we changed it in an acknowledgement, whose answer tells no hash. */
  readonly hash: string | null;
}

/** Opens a modal. Throws `ChannelError`, also for a trigger that is too old. */
export async function openView(web: Web, trigger: string, view: types.ModalView): Promise<ViewRef> {
  const opened = objectAt(await web.call('views.open', { trigger_id: trigger, view }), 'view');
  return { id: textAt(opened, 'id') ?? '', hash: textAt(opened, 'hash') };
}

/**
 * Replaces a modal that is open. A hash that is out of date means that the view changed meanwhile: then what is shown is
 * made anew, once, and wins (row 14). Throws `ChannelError`.
 */
export async function updateView(
  web: Web,
  ref: ViewRef,
  view: types.ModalView,
  again: () => Promise<types.ModalView>,
): Promise<void> {
  const update = (shown: types.ModalView, hash: string | null): Promise<Json> =>
    web.call('views.update', { view_id: ref.id, view: shown, ...(hash === null ? {} : { hash }) });
  try {
    await update(view, ref.hash);
  } catch (error) {
    if (!isCode(error, 'hash_conflict')) throw error;
    await update(await again(), null);
  }
}

/** The acknowledgement that keeps a sent form open and says what is wrong with it. */
export function errorsAnswer(view: Json, reply: Errors, otherwise: Text): Json {
  if (reply.form !== undefined && !isSame(view, toModal(reply.form)))
    return { response_action: 'update', view: refusedForm(reply.form, reply) };
  const inputs = inputBlocks(view);
  const first = inputs[0];
  if (first === undefined) {
    return { response_action: 'update', view: toResultModal(sayView(problems(reply, otherwise))) };
  }
  const errors: Record<string, string> = {};
  const general: Text[] = reply.say === null ? [] : [reply.say];
  for (const [input, text] of Object.entries(reply.fields)) {
    const block = inputBlockId(input);
    if (inputs.includes(block)) errors[block] = line(text, null, INPUT_HINT);
    else general.push(text);
  }
  if (general.length === 0 && Object.keys(errors).length === 0) general.push(otherwise);
  // Slack shows errors at fields only; what belongs to no field stands at the first.
  const parts = [
    ...general.map((text) => line(text, null, INPUT_HINT)),
    ...(first in errors ? [errors[first] ?? ''] : []),
  ];
  if (parts.length > 0) errors[first] = parts.join(' ');
  return { response_action: 'errors', errors };
}

/** Whether a sent view asks for the same as a form and carries the same, and says nothing about what was wrong before. */
function isSame(view: Json, form: types.ModalView): boolean {
  const parts = (blocks: readonly unknown[]): string =>
    blocks.map((block) => `${textAt(block, 'type') ?? ''} ${inputOf(textAt(block, 'block_id') ?? '') ?? ''}`).join();
  const carried = (metadata: string | null | undefined): string => JSON.stringify(decode(metadata ?? undefined).data);
  return (
    parts(listAt(view, 'blocks')) === parts(form.blocks) &&
    carried(textAt(view, 'private_metadata')) === carried(form.private_metadata)
  );
}

/** A form as it is today, with what was typed and what is wrong. */
export function refusedForm(form: Card, reply: Errors): types.ModalView {
  return toModal(withErrors(form, reply));
}

/**
 * A form again, as it was sent, with what is wrong above it and at the fields. Used where field errors can no longer be
 * shown: after the acknowledgement, or for a button in the form. Slack forgets what was typed when the view was replaced in
 * between, so the values become initial values.
 */
export function restoreForm(view: Json, reply: Errors, otherwise: Text): types.ModalView {
  const state = objectAt(view, 'state', 'values');
  const general = problems({ ...reply, fields: {} }, Object.keys(reply.fields).length === 0 ? otherwise : []);
  const blocks: unknown[] = general.length === 0 ? [] : [...note(general, '')];
  for (const block of listAt(view, 'blocks')) {
    const id = textAt(block, 'block_id') ?? '';
    // What was wrong the last time; Slack refuses a view that has one id twice.
    if (id.startsWith(NOTE)) continue;
    const input = inputOf(id);
    if (input === null || !isObject(block)) {
      blocks.push(block);
      continue;
    }
    blocks.push({ ...block, element: filled(objectAt(block, 'element'), Object.values(objectAt(state, id))[0]) });
    const wrong = reply.fields[input];
    if (wrong !== undefined) blocks.push(...note(wrong, input));
  }
  return viewOf(view, blocks);
}

/** A view that came back through Slack, with these blocks. */
export function viewOf(view: Json, blocks: readonly unknown[]): types.ModalView {
  const kept = Object.fromEntries(
    ['callback_id', 'title', 'submit', 'close', 'private_metadata'].flatMap((key) =>
      view[key] === undefined || view[key] === null ? [] : [[key, view[key]]],
    ),
  );
  // The parts were written by us and came back through Slack, whose signature covers them.
  return { type: 'modal', ...kept, blocks } as unknown as types.ModalView;
}

const NOTE = 'bad~';

/** What is wrong, as a block that is left out when the form comes back. `input`: empty for what belongs to no field. */
function note(text: Text, input: string): readonly unknown[] {
  return toMessage(sayCard(text)).blocks.map((block) => ({
    ...block,
    block_id: `${NOTE}${input}~${block.block_id ?? ''}`,
  }));
}

function inputBlocks(view: Json): string[] {
  return listAt(view, 'blocks').flatMap((block) => {
    const id = textAt(block, 'block_id');
    return textAt(block, 'type') === 'input' && id !== null ? [id] : [];
  });
}

const INITIALS: Readonly<Record<string, string>> = {
  value: 'initial_value',
  selected_date: 'initial_date',
  selected_time: 'initial_time',
  selected_option: 'initial_option',
  selected_options: 'initial_options',
};

/** A field with what was given in it. */
export function filled(element: Json, state: unknown): Json {
  const without = Object.entries(element).filter(([key]) => !key.startsWith('initial_'));
  const initial = Object.entries(INITIALS).flatMap(([key, name]) => {
    const value = isObject(state) ? state[key] : null;
    const empty = value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
    return empty ? [] : [[name, value] as const];
  });
  return Object.fromEntries([...without, ...initial]);
}
