/** Lines with equal neighbours made one, and how often each stood there. */
export function foldRepeats(lines: readonly string[]): { line: string; times: number }[] {
  const folded: { line: string; times: number }[] = [];
  for (const line of lines) {
    const last = folded.at(-1);
    if (last?.line === line) last.times += 1;
    else folded.push({ line, times: 1 });
  }
  return folded;
}
