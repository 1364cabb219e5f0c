// The inputs of the card dialect. Their limits are those of the strictest platform; what people answer is checked elsewhere.
import { below, machine, rows, shown, TemplateError, wholePath, condition, type Bound, type Place } from './binding';
import type { ChoiceInput, Input, Text } from './card';
import { flag, matching, number, object, oneOf, optional, required, text, type Raw } from './properties';

/** Slack plain_text_input. */
const LONGEST_ANSWER = 3000;
const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const BASE = ['id', 'label', 'isRequired', 'errorMessage'];

interface InputKind {
  readonly properties: readonly string[];
  readonly parse: (raw: Raw, place: Place) => Bound<Input>;
}

/** All inputs by type, each with the properties that it may have. */
export const INPUTS: Readonly<Record<string, InputKind>> = {
  'Input.Text': {
    properties: [...BASE, 'value', 'placeholder', 'isMultiline', 'maxLength'],
    parse: (raw, place) => {
      const base = baseOf(raw, place);
      const value = optional(raw, 'value', place, machine);
      const placeholder = optional(raw, 'placeholder', place, shown);
      const multiline = flag(raw, 'isMultiline', place, false);
      const maxLength = number(raw, 'maxLength', place);
      return (scope) => {
        const longest = maxLength(scope) ?? LONGEST_ANSWER;
        if (!Number.isInteger(longest) || longest < 1 || longest > LONGEST_ANSWER) {
          throw new TemplateError(below(place, 'maxLength'), `must be 1 to ${LONGEST_ANSWER}`);
        }
        return {
          type: 'Input.Text',
          ...base(scope),
          value: value(scope),
          placeholder: placeholder(scope),
          multiline: multiline(scope),
          maxLength: longest,
        };
      };
    },
  },
  'Input.Number': {
    properties: [...BASE, 'value', 'min', 'max'],
    parse: (raw, place) => {
      const base = baseOf(raw, place);
      const value = number(raw, 'value', place);
      const min = number(raw, 'min', place);
      const max = number(raw, 'max', place);
      return (scope) => ({
        type: 'Input.Number',
        ...base(scope),
        value: value(scope),
        min: min(scope),
        max: max(scope),
      });
    },
  },
  'Input.ChoiceSet': {
    properties: [...BASE, 'value', 'placeholder', 'choices', 'choices.data', 'isMultiSelect', 'style'],
    parse: (raw, place) => {
      const base = baseOf(raw, place);
      const value = optional(raw, 'value', place, machine);
      const placeholder = optional(raw, 'placeholder', place, shown);
      const choices = 'choices' in raw ? choicesOf(raw['choices'], below(place, 'choices')) : () => [];
      const multi = flag(raw, 'isMultiSelect', place, false);
      const style = oneOf(raw, 'style', place, ['compact', 'expanded'] as const, 'compact');
      const search = 'choices.data' in raw ? searchOf(raw['choices.data'], below(place, 'choices.data')) : () => ({});
      if (!('choices' in raw) && !('choices.data' in raw))
        throw new TemplateError(place, 'has neither "choices" nor "choices.data"');
      return (scope) => {
        const input: ChoiceInput = {
          type: 'Input.ChoiceSet',
          ...base(scope),
          value: value(scope),
          placeholder: placeholder(scope),
          choices: choices(scope),
          multi: multi(scope),
          style: style(scope),
          search: null,
          ...search(scope),
        };
        checkChoices(input, place);
        return input;
      };
    },
  },
  'Input.Date': {
    properties: [...BASE, 'value', 'min', 'max'],
    parse: (raw, place) => {
      const base = baseOf(raw, place);
      const day = (key: string): Bound<string | null> => matching(raw, key, place, DATE, 'a day as YYYY-MM-DD');
      const [value, min, max] = [day('value'), day('min'), day('max')];
      return (scope) => ({ type: 'Input.Date', ...base(scope), value: value(scope), min: min(scope), max: max(scope) });
    },
  },
  'Input.Time': {
    properties: [...BASE, 'value'],
    parse: (raw, place) => {
      const base = baseOf(raw, place);
      const value = matching(raw, 'value', place, TIME, 'a time as HH:MM');
      return (scope) => ({ type: 'Input.Time', ...base(scope), value: value(scope) });
    },
  },
  'Input.Toggle': {
    // The standard calls the words beside the box `title` and requires them.
    properties: ['id', 'title', 'isRequired', 'errorMessage', 'value'],
    parse: (raw, place) => {
      const base = baseOf(raw, place, 'title');
      const value = flag(raw, 'value', place, false);
      return (scope) => ({ type: 'Input.Toggle', ...base(scope), value: value(scope) });
    },
  },
};

interface Base {
  readonly id: string;
  readonly label: Text;
  readonly required: boolean;
  readonly errorMessage: Text | null;
}

function baseOf(raw: Raw, place: Place, words = 'label'): Bound<Base> {
  const id = machine(required(raw, 'id', place), below(place, 'id'));
  const label = text(raw, words, place);
  const needed = flag(raw, 'isRequired', place, false);
  // Without it a client says a word of its own, in its own language, or only colours the field.
  const refused = ('isRequired' in raw && raw['isRequired'] !== false) || 'min' in raw || 'max' in raw;
  if (refused) required(raw, 'errorMessage', place);
  const errorMessage = optional(raw, 'errorMessage', place, shown);
  return (scope) => ({
    id: id(scope) ?? '',
    label: label(scope),
    required: needed(scope),
    errorMessage: errorMessage(scope),
  });
}

type Choices = ChoiceInput['choices'];

/** Choices written out, each with its own `$data` and `$when`, or one `${path}` to a list of titles and values. */
function choicesOf(source: unknown, place: Place): Bound<Choices> {
  if (typeof source === 'string') {
    if (wholePath(source, place) === null)
      throw new TemplateError(place, 'must be a list or exactly one ${path} to one');
    return choicesOf([{ $data: source, title: '${title}', value: '${value}' }], place);
  }
  if (!Array.isArray(source)) throw new TemplateError(place, 'must be a list');
  const items = source.map((item: unknown, index): Bound<Choices> => {
    const at = below(place, index);
    const raw = object(item, at, ['$data', '$when', 'title', 'value']);
    const title = text(raw, 'title', at);
    const value = machine(required(raw, 'value', at), below(at, 'value'));
    const when = '$when' in raw ? condition(raw['$when'], below(at, '$when')) : () => true;
    const each = '$data' in raw ? rows(raw['$data'], below(at, '$data')) : null;
    return (scope) =>
      (each === null ? [scope] : each(scope))
        .filter((row) => when(row))
        .map((row) => ({ title: title(row), value: value(row) ?? '' }));
  });
  return (scope) => items.flatMap((item) => item(scope));
}

/** `choices.data`: the name of a search of the verb table, as a dataset that is asked while typing; with the form's other fields, or without. */
function searchOf(source: unknown, place: Place): Bound<Pick<ChoiceInput, 'search' | 'dependent'>> {
  const raw = object(source, place, ['type', 'dataset', 'associatedInputs']);
  if (raw['type'] !== 'Data.Query') throw new TemplateError(below(place, 'type'), 'must be "Data.Query"');
  const dataset = machine(required(raw, 'dataset', place), below(place, 'dataset'));
  const along = oneOf(raw, 'associatedInputs', place, ['auto', 'none'] as const, 'none');
  return (scope) => ({ search: dataset(scope), ...(along(scope) === 'auto' ? { dependent: true } : {}) });
}

function checkChoices(input: ChoiceInput, place: Place): void {
  const values = input.choices.map((choice) => choice.value);
  if (new Set(values).size !== values.length) throw new TemplateError(place, `offers one value twice in "${input.id}"`);
  // Several answers come back joined by commas, and an empty one cannot be told from no answer.
  if (values.some((value) => value === '' || (input.multi && value.includes(',')))) {
    throw new TemplateError(place, `offers a value in "${input.id}" that cannot come back`);
  }
}
