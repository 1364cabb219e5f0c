// What Slack takes, by name. Source unless marked: doc comments of @slack/types 3.2.0 and docs.slack.dev/reference/block-kit.
// Lengths are counted in UTF-16 units, which is never less than any other way of counting characters.

/** Blocks of a message are limited to 50 (docs.slack.dev/reference/block-kit/blocks); we stop earlier, for what Slack adds. */
export const MESSAGE_BLOCKS = 45;
/** Blocks of a modal are limited to 100; the same margin. */
export const VIEW_BLOCKS = 95;
/** `text` of a message: aim at 4,000; cut at 40,000 (docs.slack.dev/reference/methods/chat.postMessage). */
export const MESSAGE_TEXT = 4000;
/** A view's JSON; 250 KB is what the API answers, in no document. */
export const VIEW_BYTES = 250_000;

export const SECTION_TEXT = 3000;
export const SECTION_FIELDS = 10;
export const FIELD_TEXT = 2000;
export const HEADER_TEXT = 150;
/** A context element is a text object (3,000); kept at the length of a field because it is small print. */
export const CONTEXT_TEXT = 2000;

export const ACTIONS = 25;
export const BUTTON_TEXT = 75;
export const BUTTON_VALUE = 2000;
export const URL_LENGTH = 3000;
export const ACCESSIBILITY_LABEL = 75;
/** action_id, block_id and callback_id. */
export const ID_LENGTH = 255;

export const SELECT_OPTIONS = 100;
/** Radio buttons and checkboxes. */
export const BOX_OPTIONS = 10;
export const OPTION_TEXT = 75;
/** Later documentation says 150; the older number is safe with both. */
export const OPTION_VALUE = 75;

export const INPUT_LABEL = 2000;
export const INPUT_HINT = 2000;
export const PLACEHOLDER = 150;
export const INPUT_TEXT = 3000;

/** Title, submit and close of a modal. */
export const VIEW_WORD = 24;
export const PRIVATE_METADATA = 3000;
