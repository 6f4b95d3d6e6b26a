import { hostname, userInfo } from "node:os";
import { execa } from "execa";

/** `user@host` of the person at work; with sudo, the one who called it. */
export function whoAmI(env: NodeJS.ProcessEnv): string {
  return `${env.SUDO_USER || userName(env)}@${hostname()}`;
}

/** An account without an entry in passwd has no name: its number then. */
function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    return env.USER || `uid-${process.getuid?.() ?? "unknown"}`;
  }
}

/** The git revision checked out in a directory, and whether files there differ from it; null where there is none. */
export async function gitState(directory: string): Promise<{ revision: string; dirty: boolean } | null> {
  const git = (...args: string[]) =>
    execa("git", ["-C", directory, ...args], { reject: false, stdin: "ignore" });
  const [head, status] = await Promise.all([
    git("rev-parse", "HEAD"),
    git("--no-optional-locks", "status", "--porcelain", "--", "."),
  ]);
  if (head.exitCode !== 0 || status.exitCode !== 0) return null;
  return { revision: head.stdout.trim(), dirty: status.stdout.trim() !== "" };
}
