// What each template of cards/ is bound with. A new card is a line here; the compiler then asks the tests for a sample of it.
import type { Text } from './card';

type Choice = { readonly title: Text; readonly value: string };
type Fact = { readonly title: Text; readonly value: Text };
type Line = { readonly text: Text };

/** Two lines and at most one button. */
type Row = {
  readonly title: Text;
  readonly detail: Text;
  readonly tone: 'default' | 'good' | 'warning' | 'attention';
};

type Paging = { readonly previous: string | null; readonly next: string | null };

export type Question = {
  readonly id: string;
  readonly text: Text;
  readonly required: boolean;
  readonly error: Text;
  readonly value: string | null;
  readonly choice: boolean;
  readonly multiline: boolean;
  readonly maxLength: number;
  readonly style: 'expanded' | 'compact';
  readonly choices: readonly Choice[];
};

/** What the buttons of a row say with which a request is decided: as those of its card, and the page of the list. */
type Decides = Pick<
  CardDataOf['approval'],
  'version' | 'approveVerb' | 'for' | 'content' | 'decideTyped' | 'approveTyped'
> & { readonly page: string };

/** Template name -> data. Ids are opaque; everything that a person sees is Text. */
export type CardDataOf = {
  help: {
    readonly summary: Text;
    readonly title: Text;
    readonly intro: Text;
    readonly rows: readonly { readonly typed: Text; readonly line: Text }[];
    readonly approvals: boolean;
    readonly tasks: boolean;
    /** There are more commands than it names. */
    readonly more: boolean;
  };
  'request-find': {
    readonly summary: Text;
    readonly title: Text;
    readonly intro: Text;
    readonly verb: string;
    readonly package: string | null;
    readonly packages: readonly Choice[];
    readonly forOthers: boolean;
    readonly forRequired: boolean;
    readonly target: string | null;
    readonly targets: readonly Choice[];
    readonly targetLabel: Text;
    readonly targetHint: Text;
    readonly packageSearch: string;
    readonly peopleSearch: string;
  };
  'request-form': {
    readonly summary: Text;
    readonly title: Text;
    readonly description: Text;
    readonly verb: string;
    readonly submit: Text;
    readonly lines: readonly Line[];
    readonly policies: readonly Choice[];
    readonly policy: string | null;
    /** False in the step that only chooses the kind of access. */
    readonly asksReason: boolean;
    readonly customPeriod: boolean;
    readonly asksStart: boolean;
    readonly start: string | null;
    readonly end: string | null;
    readonly minDate: string;
    readonly maxStart: string;
    readonly reason: string | null;
    /** What belongs there, and who reads it. */
    readonly reasonHint: Text;
    readonly reasonRequired: boolean;
    readonly reasonMax: number;
    readonly questions: readonly Question[];
  };
  continue: {
    readonly summary: Text;
    readonly title: Text;
    readonly intro: Text;
    readonly facts: readonly Fact[];
    readonly draft: string;
    readonly typed: string | null;
  };
  request: {
    /** Of when it is, where nothing changes it afterwards. */
    readonly asOf: Text | null;
    readonly summary: Text;
    readonly title: Text;
    readonly state: Text;
    readonly tone: 'default' | 'good' | 'warning' | 'attention';
    readonly lines: readonly Line[];
    readonly facts: readonly Fact[];
    readonly answers: readonly Fact[];
    /** A group of lines for each day. */
    readonly timeline: readonly { readonly day: Text; readonly lines: readonly Line[] }[];
    /** There is more than the card says. */
    readonly moreTimeline: boolean;
    readonly moreHolds: boolean;
    readonly request: string;
    readonly version: number;
    readonly number: Text;
    readonly typed: string;
    /** It waits for this very reader. */
    readonly mayDecide: boolean;
    readonly approveVerb: string;
    readonly kind: string | null;
    /** Whose voice it is, where it is not the reader's own. */
    readonly for: string | null;
    /** What the card shows of the package, for whoever decides. */
    readonly content: string | null;
    readonly approveTip: Text;
    readonly denyTip: Text;
    /** As on the card that asks for the decision. */
    readonly decideTyped: string;
    readonly approveTyped: string;
    readonly mayCancel: boolean;
    readonly cancelVerb: string;
    readonly mayAskAgain: boolean;
    readonly mayAskAnew: boolean;
    /** An exception lets the package be asked for, for `target`. */
    readonly mayRequest: boolean;
    readonly target: string;
    readonly typedRequest: string;
    readonly mayExtend: boolean;
    readonly assignment: string | null;
    readonly package: string;
    readonly packageName: string;
  };
  approval: {
    /** Of when it is, where nothing changes it afterwards. */
    readonly asOf: Text | null;
    readonly summary: Text;
    readonly title: Text;
    readonly state: Text;
    readonly tone: 'default' | 'good' | 'warning' | 'attention';
    readonly facts: readonly Fact[];
    readonly answers: readonly Fact[];
    readonly request: string;
    readonly version: number;
    readonly open: boolean;
    readonly approveVerb: string;
    readonly kind: string | null;
    /** Whose voice it is, where it is not the reader's own. */
    readonly for: string | null;
    /** What the card shows of the package, for whoever decides. */
    readonly content: string | null;
    readonly approveTip: Text;
    readonly denyTip: Text;
    readonly typed: string;
    /** What a decision is typed of: the number, with the step where that must be said. */
    readonly decideTyped: string;
    /** The same with the number of what the package holds, where that must be said. */
    readonly approveTyped: string;
  };
  delegation: {
    readonly summary: Text;
    readonly title: Text;
    readonly tone: 'default' | 'good' | 'warning' | 'attention';
    readonly lines: readonly Line[];
    readonly facts: readonly Fact[];
    readonly delegation: string;
    readonly mayAnswer: boolean;
    readonly mayEnd: boolean;
    /** The other of the two, for the typed forms. */
    readonly name: string;
  };
  'delegation-list': {
    readonly summary: Text;
    readonly title: Text;
    readonly empty: Text | null;
    readonly rows: readonly (Row & { readonly delegation: string })[];
  } & Paging;
  'delegation-form': {
    readonly summary: Text;
    readonly title: Text;
    readonly intro: Text;
    readonly delegate: string | null;
    readonly delegates: readonly Choice[];
    readonly from: string | null;
    readonly until: string | null;
    readonly minDate: string;
    readonly maxDate: string;
    /** `package:` or `catalog:` before its id. */
    readonly scope: string | null;
    readonly scopes: readonly Choice[];
  };
  'reason-form': {
    readonly summary: Text;
    readonly title: Text;
    readonly intro: Text;
    readonly lines: readonly Line[];
    readonly verb: string;
    readonly submit: Text;
    readonly style: 'positive' | 'destructive' | 'default';
    readonly asks: boolean;
    readonly question: Text;
    readonly required: boolean;
    readonly error: Text;
    readonly reason: string | null;
    /** Names what the reader of a form for a decision is shown; empty in any other. */
    readonly seen: string;
    /** What does the same where no form can be sent. */
    readonly typed?: string;
    /** What an approval gives, for whoever types that. */
    readonly gives?: readonly Fact[];
  };
  drift: {
    readonly summary: Text;
    readonly title: Text;
    readonly tone: 'default' | 'warning' | 'attention';
    readonly lines: readonly Line[];
    readonly resource: string;
    readonly resourceName: string;
    /** Names the differences that the question is about; empty where there is none. */
    readonly set: string;
    readonly mayAccept: boolean;
    readonly mayDecline: boolean;
    readonly details: boolean;
  };
  notice: {
    readonly summary: Text;
    readonly title: Text;
    readonly tone: 'default' | 'good' | 'warning' | 'attention';
    readonly lines: readonly Line[];
    readonly facts: readonly Fact[];
    readonly assignment: string | null;
    readonly request: string | null;
    readonly package: string | null;
    readonly packageName: string;
    readonly number: string;
    readonly mayExtend: boolean;
    readonly mayGiveUp: boolean;
    /** The request of this notice once more, with its reason and answers. */
    readonly mayAskAgain: boolean;
    /** The package, from an empty form: there is no request to take anything from. */
    readonly mayAskAnew: boolean;
    readonly mayRetry: boolean;
    /** Access of those who left the scope waits for the reader's word; `set`: names them. */
    readonly mayEnd: boolean;
    /** The reader may end the access of `targetName`. */
    readonly mayRemove: boolean;
    readonly set: string;
    /** Whom it is about, for the typed form of Retry. */
    readonly targetName: string;
    readonly mayRequest: boolean;
    /** The exception by which the reader holds it ends: another one may be asked for. */
    readonly mayExcept: boolean;
    /** For whom; empty: for the reader. */
    readonly target: string;
    readonly typedRequest: string;
    readonly mayShare: boolean;
    readonly details: boolean;
  };
  'access-list': {
    readonly summary: Text;
    readonly title: Text;
    readonly empty: Text | null;
    readonly rows: readonly (Row & {
      readonly assignment: string;
      readonly extend: boolean;
      readonly giveUp: boolean;
      readonly askAgain: boolean;
      readonly package: string;
      readonly typedExtend: string;
      readonly typedGiveUp: string;
      readonly typedAskAgain: string;
    })[];
    /** What its pages are of: `back` is what ended while the reader was switched off. */
    readonly list: 'mine' | 'back';
  } & Paging;
  listing: {
    readonly summary: Text;
    readonly title: Text;
    readonly lines: readonly Line[];
    /** What turns its pages. */
    readonly verb: 'request.timeline' | 'request.holds';
    readonly request: string;
    readonly typed: string;
  } & Paging;
  'request-list': {
    readonly summary: Text;
    readonly title: Text;
    readonly empty: Text | null;
    readonly rows: readonly (Row & { readonly request: string; readonly typed: string })[];
  } & Paging;
  'approval-list': {
    readonly summary: Text;
    readonly title: Text;
    readonly empty: Text | null;
    readonly rows: readonly (Row &
      Pick<CardDataOf['approval'], 'request' | 'typed' | 'approveTip' | 'denyTip'> & {
        /** What its card says of it; none where that is too much for a row, which then does not decide. */
        readonly lines: readonly Line[];
        readonly decides: Decides | null;
      })[];
  } & Paging;
  'task-list': {
    readonly summary: Text;
    readonly title: Text;
    readonly empty: Text | null;
    /** `page`: the one that is shown. */
    readonly rows: readonly (Row & { readonly task: string; readonly page: string; readonly typed: string })[];
  } & Paging;
  digest: {
    readonly summary: Text;
    readonly title: Text;
    readonly intro: Text;
    /** At most one of `request`, `task` and `notice` (of its `subject`): what the line's button is about. */
    readonly rows: readonly {
      readonly text: Text;
      readonly request: string | null;
      readonly task: string | null;
      readonly notice: string | null;
      readonly subject: string | null;
      readonly typed: string | null;
    }[];
    readonly more: Text | null;
    readonly digest: string;
    /** Where the next page begins. */
    readonly next: number | null;
  };
  suggestions: {
    /** The sentence; its buttons type what was perhaps meant. */
    readonly summary: Text;
    readonly choices: readonly {
      readonly title: Text;
      readonly style: 'default' | 'positive';
      readonly typed: string;
    }[];
  };
  /** Shown to everybody who reads where a link was posted. */
  'link-preview': {
    readonly summary: Text;
    readonly scope: Text;
    readonly rows: readonly { readonly title: Text; readonly typed: string }[];
  };
  'manual-task': {
    readonly summary: Text;
    readonly title: Text;
    readonly state: Text;
    readonly facts: readonly Fact[];
    readonly task: string;
    readonly open: boolean;
    readonly typed: string | null;
  };
};

export type CardName = keyof CardDataOf;
