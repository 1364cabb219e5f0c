// HTTP byte by byte, as no client would send it.
import { connect } from 'node:net';

/** Writes raw bytes and gives back what came until the server closed. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (part) => (got += part.toString()));
    socket.on('close', () => {
      resolve(got);
    });
    socket.on('error', reject);
  });
}
