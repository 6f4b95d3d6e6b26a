import { createHash } from "node:crypto";

/** WebSocket, the server's side, after RFC 6455: text, binary, ping and close; messages up to 1 MiB. */

const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const maxMessage = 1024 * 1024;

function frame(code, payload) {
  const length = payload.length;
  let head;
  if (length < 126) head = Buffer.from([0x80 | code, length]);
  else if (length < 65_536) head = Buffer.from([0x80 | code, 126, length >> 8, length & 255]);
  else {
    head = Buffer.alloc(10);
    head[0] = 0x80 | code;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

/** The first whole frame in `buffer` and what follows it; null while it is not all there. */
function readFrame(buffer) {
  if (buffer.length < 2) return null;
  let length = buffer[1] & 127;
  let at = 2;
  if (length === 126) {
    if (buffer.length < 4) return null;
    length = buffer.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (buffer.length < 10) return null;
    length = Number(buffer.readBigUInt64BE(2));
    at = 10;
  }
  const masked = (buffer[1] & 128) !== 0;
  if (!masked || length > maxMessage) return { invalid: masked ? 1009 : 1002 };
  if (buffer.length < at + 4 + length) return null;
  const mask = buffer.subarray(at, at + 4);
  const payload = Buffer.from(buffer.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < length; i += 1) payload[i] ^= mask[i & 3];
  return {
    final: (buffer[0] & 128) !== 0,
    code: buffer[0] & 15,
    payload,
    rest: buffer.subarray(at + 4 + length),
  };
}

/** Answers the handshake; null, with a 400, when the request is none. */
export function acceptWebSocket(request, socket, head) {
  const key = request.headers["sec-websocket-key"];
  if (!key || request.headers.upgrade?.toLowerCase() !== "websocket") {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    return null;
  }
  const accept = createHash("sha1")
    .update(key + acceptSuffix)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  return connect(socket, head);
}

function connect(socket, head) {
  let closing = false;
  let message = null;
  let buffered = Buffer.from(head);

  const connection = {
    onMessage: () => {},
    send(data, isText = true) {
      if (!closing) socket.write(frame(isText ? opcode.text : opcode.binary, Buffer.from(data)));
    },
    /** Says goodbye with a close frame (1001: going away); the other side ends the connection. */
    end: () => close(1001),
  };

  function close(status) {
    if (closing) return;
    closing = true;
    socket.write(frame(opcode.close, Buffer.from([status >> 8, status & 255])));
    setTimeout(() => socket.destroy(), 2_000).unref();
  }

  function onFrame({ final, code, payload }) {
    if (code === opcode.ping) socket.write(frame(opcode.pong, payload));
    else if (code === opcode.close) {
      if (!closing) socket.write(frame(opcode.close, payload.subarray(0, 2)));
      closing = true;
      socket.end();
    } else if (code <= opcode.binary) {
      if (code !== opcode.continuation) message = { isText: code === opcode.text, parts: [] };
      if (!message) return close(1002);
      message.parts.push(payload);
      if (!final) return;
      const data = Buffer.concat(message.parts);
      if (data.length > maxMessage) return close(1009);
      connection.onMessage(data, message.isText);
      message = null;
    }
  }

  function onData(chunk) {
    buffered = Buffer.concat([buffered, chunk]);
    for (let next = readFrame(buffered); next; next = readFrame(buffered)) {
      if (next.invalid) return close(next.invalid);
      buffered = next.rest;
      onFrame(next);
    }
  }

  socket.on("data", onData);
  socket.on("end", () => socket.end());
  socket.on("error", () => socket.destroy());
  if (buffered.length > 0) onData(Buffer.alloc(0));
  return connection;
}
