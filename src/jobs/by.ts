// In whose name a job acts.
import { newTrace } from '../chat/trace';
import type { By } from '../operations/ports';

export interface JobActor {
  /** Who runs the job by hand; else Usher itself does, when it rings. */
  readonly actor?: Extract<By['actor'], { readonly kind: 'operator' }>;
}

/** What the trail says of an act of the job. */
export function byJob({ actor }: JobActor, name: string): By {
  return { actor: actor ?? { kind: 'system', name }, via: name, trace: newTrace() };
}
