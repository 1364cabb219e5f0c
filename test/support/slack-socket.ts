// The server side of a WebSocket, as much of RFC 6455 as Slack's Socket Mode needs: text frames below 16 MB, ping, close.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const [TEXT, CLOSE, PING, PONG] = [0x1, 0x8, 0x9, 0xa];

/** One accepted connection. */
export class SocketConnection {
  #pending = Buffer.alloc(0);
  onMessage: (text: string) => void = () => undefined;
  onClose: () => void = () => undefined;

  /** Answers the upgrade request. */
  constructor(
    request: IncomingMessage,
    private readonly socket: Duplex,
  ) {
    const key = request.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('data', (data: Buffer) => {
      this.#pending = Buffer.concat([this.#pending, data]);
      while (this.#read());
    });
    socket.on('close', () => {
      this.onClose();
    });
    socket.on('error', () => socket.destroy());
  }

  send(text: string): void {
    this.#frame(TEXT, Buffer.from(text));
  }

  /** Ends the connection without a word, as a network does. */
  cut(): void {
    this.socket.destroy();
  }

  #frame(code: number, payload: Buffer): void {
    const head =
      payload.length < 126
        ? Buffer.from([0x80 | code, payload.length])
        : payload.length < 65_536
          ? Buffer.from([0x80 | code, 126, payload.length >> 8, payload.length & 0xff])
          : Buffer.from([0x80 | code, 127, 0, 0, 0, 0, ...uint32(payload.length)]);
    if (this.socket.writable) this.socket.write(Buffer.concat([head, payload]));
  }

  /** Takes one whole frame from what came; false when there is none yet. Clients always mask. */
  #read(): boolean {
    const data = this.#pending;
    if (data.length < 2) return false;
    const short = data.readUInt8(1) & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (data.length < start + 4) return false;
    const length = short < 126 ? short : short === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
    const end = start + 4 + length;
    if (data.length < end) return false;
    const mask = data.subarray(start, start + 4);
    const payload = Buffer.from(data.subarray(start + 4, end).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
    this.#pending = data.subarray(end);
    const code = data.readUInt8(0) & 0x0f;
    if (code === TEXT) this.onMessage(payload.toString('utf8'));
    if (code === PING) this.#frame(PONG, payload);
    if (code === CLOSE) {
      this.#frame(CLOSE, payload);
      this.socket.end();
    }
    return true;
  }
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}
