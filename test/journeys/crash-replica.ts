// A replica of the crash test seen from outside: the process, what it is asked, and the instants at which it can be killed.
// Also the platform that it talks to, which outlives every replica.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Inbound } from '../../src/chat/inbound';
import type { Shown, ToChild, ToParent } from './crash-child';

/** The replica died before it answered: nobody knows what became of what was asked. */
export class Died extends Error {
  override readonly name = 'Died';
}

/** For whoever does not mind that it died. */
export function onlyDeath(error: unknown): void {
  if (!(error instanceof Died)) throw error;
}

export interface Posted {
  readonly id: string;
  readonly to: string;
  readonly by: Replica;
  shown: Shown;
}

/** The chat platform: keeps what was posted, whatever becomes of who posted it. */
export class Platform {
  readonly messages: Posted[] = [];
  readonly answers = new Map<string, Shown[]>();
}

/**
 * `click`: a click was handed over; `working`: a few milliseconds after that, anywhere between its first statement and the answer to
 * its COMMIT; `answered`: right after a reply; `stored`: an event that was acknowledged is about to be handled;
 * `told`: it is answered and not settled; `post`: a message is there and not acknowledged; `placed`: a role is given and not
 * written down. `posting` and `placing`: a moment before that.
 */
export type Instant = 'click' | 'working' | 'answered' | 'stored' | 'told' | 'posting' | 'post' | 'placing' | 'placed';

type Asked = Extract<ToChild, { id: number }>;
type WithoutId<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;

export class Replica {
  dead = false;
  isReady = false;
  readonly ready: Promise<void>;
  /** Lines of its log from warnings on. */
  readonly complaints: string[] = [];
  readonly #process: ChildProcess;
  readonly #platform: Platform;
  readonly #gone: Promise<void>;
  readonly #waiting = new Map<
    number,
    { what: Asked['do']; resolve: (shown: Shown | null) => void; reject: (error: Error) => void }
  >();
  #asked = 0;
  #end: { readonly at: Instant; after: number; readonly wait: number } | null = null;
  #pause: { readonly at: Instant; after: number; readonly stopped: (goOn: () => void) => void } | null = null;

  constructor(args: readonly string[], platform: Platform) {
    this.#platform = platform;
    this.#process = fork(join(__dirname, 'crash-child.ts'), args, {
      execArgv: ['-r', join(__dirname, '../support/register.cjs')],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.stderr?.on('data', (data: Buffer) => this.complaints.push(data.toString()));
    let begin: () => void = () => undefined;
    this.ready = new Promise<void>((resolve) => (begin = resolve));
    this.#process.on('message', (message: ToParent) => {
      if ('ready' in message) {
        this.isReady = true;
        begin();
      } else if ('call' in message) this.#called(message);
      else this.#answered(message);
    });
    this.#gone = new Promise<void>((resolve) =>
      this.#process.once('close', () => {
        this.dead = true;
        begin();
        for (const { reject } of this.#waiting.values()) reject(new Died('killed'));
        this.#waiting.clear();
        resolve();
      }),
    );
  }

  /** A click; resolves with what the person sees. */
  async handle(inbound: Inbound): Promise<Shown> {
    const shown = await this.#ask({ do: 'handle', inbound });
    if (shown === null) throw new Error('no reply');
    return shown;
  }

  /** An event that is acknowledged once it is stored. */
  async accept(inbound: Inbound): Promise<void> {
    await this.#ask({ do: 'accept', inbound });
  }

  async tell(what: 'rest' | 'settle' | 'sweep'): Promise<void> {
    await this.#ask({ do: what });
  }

  /** Kills it at the next such instant but `after`, and `wait` milliseconds later; resolves when the process is gone. */
  killAt(at: Instant, after: number, wait = 0): Promise<void> {
    this.#end = { at, after, wait };
    return this.#gone;
  }

  /** Stops it (SIGSTOP) at the next such instant but `after`; resolves then, with what lets it go on. */
  pauseAt(at: Instant, after: number): Promise<() => void> {
    return new Promise((stopped) => (this.#pause = { at, after, stopped }));
  }

  get isDoomed(): boolean {
    return this.#end !== null && !this.dead;
  }

  kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    return this.#gone;
  }

  #ask(message: WithoutId<Asked>): Promise<Shown | null> {
    if (this.dead) return Promise.reject(new Died('dead'));
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { what: message.do, resolve, reject });
      this.#send({ ...message, id });
      if (message.do === 'handle') this.#meet('working');
      if (message.do === 'handle' || message.do === 'accept') this.#meet('click');
    });
  }

  // A pipe to a process that was killed a moment ago may be closed already; its close says so to everybody who waits.
  #send(message: ToChild): void {
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #meet(at: Instant): boolean {
    if (this.#end?.at !== at) return false;
    if (this.#end.after > 0) {
      this.#end.after -= 1;
      return false;
    }
    if (this.#end.wait > 0) setTimeout(() => this.#process.kill('SIGKILL'), this.#end.wait);
    else this.#process.kill('SIGKILL');
    return true;
  }

  #answered(message: Exclude<ToParent, { ready: true } | { call: number }>): void {
    const asked = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('failed' in message) asked?.reject(new Error(message.failed));
    else asked?.resolve(message.shown);
    if (asked?.what === 'handle') this.#meet('answered');
  }

  // True where it was stopped; what it was about to do, or had done, goes on with it.
  #halts(at: Instant, goOn: () => void): boolean {
    const pause = this.#pause;
    if (pause?.at !== at) return false;
    if (pause.after > 0) {
      pause.after -= 1;
      return false;
    }
    this.#pause = null;
    this.#process.kill('SIGSTOP');
    pause.stopped(() => {
      this.#process.kill('SIGCONT');
      goOn();
    });
    return true;
  }

  #called(message: Extract<ToParent, { call: number }>): void {
    const before = { send: 'posting', placing: 'placing' } as const;
    const at = message.what in before ? before[message.what as keyof typeof before] : null;
    if (
      at !== null &&
      (this.#meet(at) ||
        this.#halts(at, () => {
          this.#did(message);
        }))
    )
      return;
    this.#did(message);
  }

  #did(message: Extract<ToParent, { call: number }>): void {
    let gone = false;
    let found: string | null = null;
    const answer = (): void => {
      this.#send({ answer: message.call, ...(gone ? { gone } : {}), ...(found === null ? {} : { message: found }) });
    };
    const { messages } = this.#platform;
    if (message.what === 'find')
      found = messages.find((one) => one.to === message.to && one.shown.card === message.card)?.id ?? null;
    if (message.what === 'remove')
      messages.splice(
        messages.findIndex((one) => one.id === message.message),
        1,
      );
    if (message.what === 'send') {
      this.#platform.messages.push({ id: message.message, to: message.to, by: this, shown: message.shown });
      if (this.#meet('post') || this.#halts('post', answer)) return;
    }
    if (message.what === 'update') {
      const found = this.#platform.messages.find((one) => one.id === message.message);
      if (found) found.shown = message.shown;
      else gone = true;
    }
    if (message.what === 'answer') {
      const { answers } = this.#platform;
      answers.set(message.delivery, [...(answers.get(message.delivery) ?? []), message.shown]);
      if (this.#meet('told')) return;
    }
    if (message.what === 'handling' && this.#meet('stored')) return;
    if (message.what === 'placed' && (this.#meet('placed') || this.#halts('placed', answer))) return;
    answer();
  }
}
