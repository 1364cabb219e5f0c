// Systems that do not answer as long as anybody waits. What they were told to change they do in the end, whenever that is.
import type { Connector } from '../../src/connectors/connector';
import type { Life } from './life';

interface Hanging {
  readonly life: Life;
  /** `person role` that it changes. */
  readonly changes: string;
  /** Whether it did what it was told. */
  readonly answer: () => Promise<boolean>;
}

/** How long a worker waits for a system while one of them hangs; what is well answers sooner, or is asked again. */
export const SHORT_MS = 25;

export class Late {
  /** Systems that hang. */
  readonly systems = new Set<string>();
  #hanging: Hanging[] = [];

  /** The connector as a worker sees it. */
  of(real: Connector, life: Life): Connector {
    return {
      ...real,
      converge: (subject, place, want, attempt) => {
        if (!this.systems.has(place.resource)) return real.converge(subject, place, want, attempt);
        return new Promise((resolve, reject) => {
          const answer = (): Promise<boolean> => {
            // It knows nothing of who waits.
            const made = real.converge(subject, place, want, { ...attempt, signal: new AbortController().signal });
            made.then(resolve, reject);
            return made.then(
              () => true,
              () => false,
            );
          };
          this.#hanging.push({ life, changes: `${subject.directoryKey} ${place.resource}`, answer });
        });
      },
    };
  }

  /** All of them do what they were told, and whoever made the call looks at it if they still live. Says what changed so late. */
  async answer(): Promise<readonly string[]> {
    const changed: string[] = [];
    for (const { life, changes, answer } of this.#hanging.splice(0)) {
      if (await answer()) changed.push(changes);
      await life.idle();
    }
    return changed;
  }

  /** Another run begins: what hangs is never done. */
  forget(): void {
    this.systems.clear();
    this.#hanging = [];
  }
}
