// An independent checker of Block Kit payloads: shapes and limits as Slack documents them (docs.slack.dev/reference/block-kit and
// the doc comments of @slack/types), written without looking at our writer and without its constants. The stand-in Slack server
// refuses what this refuses.

type Json = Record<string, unknown>;
type Check = (value: unknown, at: string, report: Report) => void;
type Report = (at: string, problem: string) => void;
interface Shape {
  readonly required: Record<string, Check>;
  readonly optional?: Record<string, Check>;
}

/** Problems of a chat.postMessage or chat.update body, empty when Slack would take it. */
export function checkMessage(payload: unknown): string[] {
  return run((report) => {
    if (!isObject(payload)) {
      report('message', 'is not an object');
      return;
    }
    const { text, blocks } = payload;
    if (typeof text !== 'string' || text.trim() === '')
      report('text', 'is missing: notifications and screen readers need it');
    else if (text.length > 4000) report('text', `${text.length} characters, aim at 4000`);
    else wellFormed(text, 'text', report);
    if (blocks !== undefined) checkBlocks(blocks, 50, BLOCKS, report);
  });
}

/** Problems of a modal or Home view, empty when Slack would take it. */
export function checkView(view: unknown): string[] {
  return run((report) => {
    if (!isObject(view)) {
      report('view', 'is not an object');
      return;
    }
    const shared = { blocks: anything };
    const ids = {
      callback_id: string(0, 255),
      private_metadata: string(0, 3000),
      external_id: string(0, 255),
    };
    if (view['type'] === 'home') {
      shape({ required: { type: anything, ...shared }, optional: ids })(view, 'view', report);
    } else if (view['type'] === 'modal') {
      shape({
        required: { type: anything, title: plainText(24), ...shared },
        optional: {
          ...ids,
          submit: plainText(24),
          close: plainText(24),
          clear_on_close: boolean,
          notify_on_close: boolean,
          submit_disabled: boolean,
        },
      })(view, 'view', report);
      const blocks: unknown[] = Array.isArray(view['blocks']) ? view['blocks'] : [];
      if (blocks.some((block) => isObject(block) && block['type'] === 'input') && view['submit'] === undefined) {
        report('view.submit', 'is missing, and the view has inputs');
      }
    } else {
      report('view.type', 'is neither modal nor home');
    }
    checkBlocks(view['blocks'], 100, BLOCKS, report);
    if (Buffer.byteLength(JSON.stringify(view)) > 250_000) report('view', 'is larger than 250 KB');
  });
}

function run(check: (report: Report) => void): string[] {
  const problems: string[] = [];
  check((at, problem) => problems.push(`${at}: ${problem}`));
  return problems;
}

function checkBlocks(blocks: unknown, most: number, known: Record<string, Check>, report: Report): void {
  if (!Array.isArray(blocks)) {
    report('blocks', 'is not a list');
    return;
  }
  if (blocks.length > most) report('blocks', `${blocks.length}, at most ${most}`);
  const ids = new Set<string>();
  blocks.forEach((block: unknown, index) => {
    const at = `blocks[${index}]`;
    byType(known)(block, at, report);
    const id = isObject(block) ? block['block_id'] : undefined;
    if (typeof id !== 'string') return;
    if (ids.has(id)) report(`${at}.block_id`, `"${id}" is used twice`);
    ids.add(id);
  });
}

const anything: Check = () => undefined;

const boolean: Check = (value, at, report) => {
  if (typeof value !== 'boolean') report(at, 'is not true or false');
};

function wellFormed(value: string, at: string, report: Report): void {
  if (/\p{Surrogate}/u.test(value)) report(at, 'has half a surrogate pair');
  if (value.includes('\0')) report(at, 'has a NUL');
}

function string(least: number, most: number): Check {
  return (value, at, report) => {
    if (typeof value !== 'string') {
      report(at, 'is not a string');
      return;
    }
    if (value.length < least || value.trim().length < least)
      report(at, `${value.length} characters, at least ${least}`);
    if (value.length > most) report(at, `${value.length} characters, at most ${most}`);
    wellFormed(value, at, report);
  };
}

function integer(least: number, most: number): Check {
  return (value, at, report) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      report(at, `is not a whole number from ${least} to ${most}`);
    }
  };
}

function form(pattern: RegExp, name: string): Check {
  return (value, at, report) => {
    if (typeof value !== 'string' || !pattern.test(value)) report(at, `is not ${name}`);
  };
}

function one(...names: readonly string[]): Check {
  return (value, at, report) => {
    if (typeof value !== 'string' || !names.includes(value)) report(at, `is not one of ${names.join(', ')}`);
  };
}

function list(least: number, most: number, item: Check): Check {
  return (value, at, report) => {
    if (!Array.isArray(value)) {
      report(at, 'is not a list');
      return;
    }
    if (value.length < least || value.length > most) report(at, `${value.length} entries, ${least} to ${most} allowed`);
    value.forEach((entry: unknown, index) => {
      item(entry, `${at}[${index}]`, report);
    });
  };
}

function shape({ required, optional = {} }: Shape): Check {
  return (value, at, report) => {
    if (!isObject(value)) {
      report(at, 'is not an object');
      return;
    }
    for (const key of Object.keys(required)) {
      if (value[key] === undefined) report(`${at}.${key}`, 'is missing');
    }
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue;
      const check = required[key] ?? optional[key];
      if (check === undefined) report(`${at}.${key}`, 'is not known');
      else check(member, `${at}.${key}`, report);
    }
  };
}

function byType(known: Record<string, Check>): Check {
  return (value, at, report) => {
    const type = isObject(value) ? value['type'] : undefined;
    const check = typeof type === 'string' ? known[type] : undefined;
    if (check === undefined) report(`${at}.type`, `${JSON.stringify(type)} is not allowed here`);
    else check(value, at, report);
  };
}

function all(...checks: readonly Check[]): Check {
  return (value, at, report) => {
    for (const check of checks) check(value, at, report);
  };
}

function plainText(most: number): Check {
  return shape({ required: { type: one('plain_text'), text: string(1, most) }, optional: { emoji: boolean } });
}

const TOKEN = /<[^<>]*>/g;
const TOKENS = [
  /^<!date\^\d+\^[^|<>]*(\^https?:[^|<>]*)?\|[^<>]+>$/,
  /^<!(here|channel|everyone)>$/,
  /^<!subteam\^[A-Z0-9]+>$/,
  /^<[@#][A-Z0-9]+(\|[^<>]*)?>$/,
  /^<(https?:|mailto:)[^|<>]+(\|[^<>]*)?>$/,
];

/** Every `<`, `>` and `&` belongs to a token of Slack's or to one of the three entities. */
const mrkdwnSyntax: Check = (value, at, report) => {
  if (typeof value !== 'string') return;
  const rest = value.replace(TOKEN, (token) => (TOKENS.some((known) => known.test(token)) ? '' : token));
  if (/<|&(?!(amp|lt|gt);)/.test(rest)) report(at, 'has an unescaped < or & or a broken token');
};

function text(most: number): Check {
  return byType({
    plain_text: plainText(most),
    mrkdwn: shape({
      required: { type: anything, text: all(string(1, most), mrkdwnSyntax) },
      optional: { verbatim: boolean },
    }),
  });
}

const id = string(1, 255);
const url = all(string(1, 3000), form(/^https?:\/\//, 'a web address'));
const DAY = form(/^\d{4}-\d{2}-\d{2}$/, 'a day as YYYY-MM-DD');
const NUMBER = form(/^-?\d+(\.\d+)?$/, 'a number in a string');

const confirm = shape({
  required: { title: plainText(100), text: text(300), confirm: plainText(30), deny: plainText(30) },
  optional: { style: one('primary', 'danger') },
});

function option(words: Check): Check {
  return shape({
    required: { text: words, value: string(1, 75) },
    optional: { description: words, url },
  });
}
const selectOption = option(plainText(75));
const boxOption = option(text(75));

/** Values are unique, and what is chosen at the start is exactly one of the options. */
const consistentOptions: Check = (value, at, report) => {
  if (!isObject(value) || !Array.isArray(value['options'])) return;
  const options = value['options'] as unknown[];
  const values = options.map((entry) => (isObject(entry) ? entry['value'] : undefined));
  if (new Set(values).size !== values.length) report(`${at}.options`, 'offers one value twice');
  const known = new Set(options.map((entry) => JSON.stringify(entry)));
  const chosen = value['initial_options'] ?? (value['initial_option'] === undefined ? [] : [value['initial_option']]);
  for (const entry of Array.isArray(chosen) ? (chosen as unknown[]) : []) {
    if (!known.has(JSON.stringify(entry))) report(`${at}.initial_option`, 'is not one of the options');
  }
};

const focus = { focus_on_load: boolean };
const select = { action_id: id };
const hint = { placeholder: plainText(150), confirm, ...focus };
const multi = { max_selected_items: integer(1, 100) };
const groups = list(1, 100, shape({ required: { label: plainText(75), options: list(1, 100, selectOption) } }));

function fromList(initial: Record<string, Check>): Check {
  const optional = { ...hint, ...initial, options: list(1, 100, selectOption), option_groups: groups };
  return all(shape({ required: { type: anything, ...select }, optional }), consistentOptions, (value, at, report) => {
    if (isObject(value) && (value['options'] === undefined) === (value['option_groups'] === undefined)) {
      report(at, 'needs either options or option_groups');
    }
  });
}

function boxes(initial: Record<string, Check>): Check {
  const required = { type: anything, action_id: id, options: list(1, 10, boxOption) };
  return all(shape({ required, optional: { confirm, ...focus, ...initial } }), consistentOptions);
}

const button = shape({
  required: { type: anything, text: plainText(75) },
  optional: {
    action_id: id,
    value: string(1, 2000),
    url,
    style: one('primary', 'danger'),
    confirm,
    accessibility_label: string(1, 75),
  },
});

const PICKERS: Record<string, Check> = {
  static_select: fromList({ initial_option: selectOption }),
  multi_static_select: fromList({ initial_options: list(1, 100, selectOption), ...multi }),
  external_select: shape({
    required: { type: anything, ...select },
    optional: { ...hint, initial_option: selectOption, min_query_length: integer(0, 1000) },
  }),
  multi_external_select: shape({
    required: { type: anything, ...select },
    optional: { ...hint, initial_options: list(1, 100, selectOption), min_query_length: integer(0, 1000), ...multi },
  }),
  radio_buttons: boxes({ initial_option: boxOption }),
  checkboxes: boxes({ initial_options: list(1, 10, boxOption) }),
  datepicker: shape({ required: { type: anything, ...select }, optional: { ...hint, initial_date: DAY } }),
  timepicker: shape({
    required: { type: anything, ...select },
    optional: { ...hint, initial_time: form(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time as HH:MM'), timezone: string(1, 100) },
  }),
};

const INPUTS: Record<string, Check> = {
  ...PICKERS,
  plain_text_input: all(
    shape({
      required: { type: anything, ...select },
      optional: {
        placeholder: plainText(150),
        initial_value: string(0, 3000),
        multiline: boolean,
        min_length: integer(0, 3000),
        max_length: integer(1, 3000),
        ...focus,
      },
    }),
    (value, at, report) => {
      if (!isObject(value)) return;
      const { initial_value: initial, max_length: most } = value;
      if (typeof initial === 'string' && typeof most === 'number' && initial.length > most) {
        report(`${at}.initial_value`, 'is longer than max_length');
      }
    },
  ),
  number_input: shape({
    required: { type: anything, ...select, is_decimal_allowed: boolean },
    optional: { placeholder: plainText(150), initial_value: NUMBER, min_value: NUMBER, max_value: NUMBER, ...focus },
  }),
};

const OVERFLOW = shape({
  required: { type: anything, action_id: id, options: list(1, 5, selectOption) },
  optional: { confirm },
});
const ACTIONS: Record<string, Check> = { button, ...PICKERS, overflow: OVERFLOW };

/** Ids of the elements of one block are unique. */
const uniqueActions: Check = (value, at, report) => {
  const elements: unknown[] = isObject(value) && Array.isArray(value['elements']) ? value['elements'] : [];
  const ids = elements.flatMap((entry) =>
    isObject(entry) && entry['action_id'] !== undefined ? [entry['action_id']] : [],
  );
  if (new Set(ids).size !== ids.length) report(at, 'has one action_id twice');
};

function block(required: Record<string, Check>, optional: Record<string, Check> = {}): Check {
  return shape({ required: { type: anything, ...required }, optional: { block_id: id, ...optional } });
}

const IMAGE = shape({ required: { type: anything, image_url: url, alt_text: string(1, 2000) } });

const BLOCKS: Record<string, Check> = {
  header: block({ text: plainText(150) }, { level: integer(1, 4) }),
  divider: block({}),
  section: all(
    block(
      {},
      {
        text: text(3000),
        fields: list(1, 10, text(2000)),
        accessory: byType({ ...ACTIONS, image: IMAGE }),
        expand: boolean,
      },
    ),
    (value, at, report) => {
      if (isObject(value) && value['text'] === undefined && value['fields'] === undefined) {
        report(at, 'has neither text nor fields');
      }
    },
  ),
  context: block({ elements: list(1, 10, byType({ plain_text: text(3000), mrkdwn: text(3000), image: IMAGE })) }),
  actions: all(block({ elements: list(1, 25, byType(ACTIONS)) }), uniqueActions),
  input: block(
    { label: plainText(2000), element: byType(INPUTS) },
    { hint: plainText(2000), optional: boolean, dispatch_action: boolean },
  ),
};

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
