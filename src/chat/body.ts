// What a platform answers to a call of ours, read within bounds: the libraries bound nothing of a body.

/** Far more than any answer to a call that is made. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The bytes of an answer. Throws beyond what any answer has; the deadline is that of the call. */
export async function readAnswer(response: Response): Promise<Buffer<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength;
    if (bytes > MOST_BYTES) throw new Error(`an answer of more than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
