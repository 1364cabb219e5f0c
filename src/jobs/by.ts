// In whose name a job acts.
import { newTrace } from '../chat/trace';
import type { PersonId } from '../domain/model';
import type { By, OutgoingRow } from '../operations/ports';

export interface JobActor {
  /** Who runs the job by hand; else Usher itself does, when it rings. */
  readonly actor?: Extract<By['actor'], { readonly kind: 'operator' }>;
}

/** What the trail says of an act of the job. */
export function byJob({ actor }: JobActor, name: string): By {
  return { actor: actor ?? { kind: 'system', name }, via: name, trace: newTrace() };
}

/** Who pressed what a row follows from, and looks at it; null where nobody did. */
export function presserOf({ params }: Pick<OutgoingRow, 'params'>): PersonId | null {
  const { presser } = params;
  return typeof presser === 'string' ? (presser as PersonId) : null;
}
