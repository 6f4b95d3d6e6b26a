/** One piece of a container's output. */
export interface Output {
  stream: "stdout" | "stderr";
  data: Buffer;
}

const headerSize = 8;
const stderrType = 2;
const systemErrorType = 3;

/**
 * Takes apart the engine's multiplexed stream: frames of an 8-byte header (type; three zero bytes; length, big
 * endian) and that many bytes, as documented at `POST /containers/{id}/attach` of the Engine API. Frames and
 * headers may be cut anywhere; what is there of a frame is given out at once.
 */
export function stdcopyReader(): (chunk: Buffer) => Output[] {
  const header = Buffer.alloc(headerSize);
  let headerBytes = 0;
  let remaining = 0;
  let stream: Output["stream"] = "stdout";

  return (chunk) => {
    const outputs: Output[] = [];
    let from = 0;
    while (from < chunk.length) {
      if (remaining === 0) {
        const taken = Math.min(headerSize - headerBytes, chunk.length - from);
        chunk.copy(header, headerBytes, from, from + taken);
        from += taken;
        headerBytes += taken;
        if (headerBytes < headerSize) break;
        headerBytes = 0;
        const type = header.readUInt8(0);
        if (type > systemErrorType || header.readUIntBE(1, 3) !== 0) {
          throw new Error("the engine's stream is not multiplexed as it should be");
        }
        stream = type >= stderrType ? "stderr" : "stdout";
        remaining = header.readUInt32BE(4);
        continue;
      }
      const taken = Math.min(remaining, chunk.length - from);
      outputs.push({ stream, data: chunk.subarray(from, from + taken) });
      from += taken;
      remaining -= taken;
    }
    return outputs;
  };
}
