import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

/** Programs of `native/`, each told what it does in its own first lines. */
const tools = ["backend", "rate", "websocket", "idle"] as const;
type Tool = (typeof tools)[number];
export type NativeTools = Record<Tool, string>;

const sources = fileURLToPath(new URL("./native", import.meta.url));

/** Compiles the tools into a directory and gives their paths. @throws with the compiler's words */
export async function compileTools(directory: string, signal: AbortSignal): Promise<NativeTools> {
  const compiled = tools.map(async (tool) => {
    const path = join(directory, tool);
    const flags = ["-O2", "-D_GNU_SOURCE", "-Wall", "-o", path, join(sources, `${tool}.c`)];
    await execa("cc", flags, { stdin: "ignore", cancelSignal: signal });
    return [tool, path] as const;
  });
  return Object.fromEntries(await Promise.all(compiled)) as NativeTools;
}
