import type { Frame, Run } from "./screen.ts";

export interface Picture {
  columns: number;
  rows: number;
  title: string;
  description: string;
  /** Milliseconds from the first frame to the picture's beginning again. */
  durationMs: number;
}

const cell = { width: 8.4, height: 19, font: 14 };
const margin = { x: 18, top: 44, bottom: 14 };

/**
 * An animated SVG of a terminal, without scripts. Each text of a row stands in it once, shown while it is on the screen
 * (SMIL); what does not animate pictures shows the last frame.
 */
export function drawSvg(frames: readonly Frame[], picture: Picture): string {
  const width = Math.ceil(picture.columns * cell.width + 2 * margin.x);
  const height = picture.rows * cell.height + margin.top + margin.bottom;
  const texts = [...timeline(frames, picture.durationMs)].map(([key, spans]) =>
    drawText(key, spans, picture.durationMs),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="t d">
<title id="t">${escaped(picture.title)}</title>
<desc id="d">${escaped(picture.description)}</desc>
<style>text{font:${cell.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:#d7dce2;white-space:pre}.bold{font-weight:700}.dim{fill:#8b949e}.red{fill:#ff7b72}.green{fill:#56d364}.yellow{fill:#e3b341}.cyan{fill:#76c7f2}</style>
<rect width="${width}" height="${height}" rx="9" fill="#14181f"/>
<g fill="#3a424d"><circle cx="22" cy="20" r="6"/><circle cx="42" cy="20" r="6"/><circle cx="62" cy="20" r="6"/></g>
${texts.join("\n")}
</svg>
`;
}

interface Span {
  from: number;
  to: number;
}

/** When each text stands where: the key is row, column, look and text. */
function timeline(frames: readonly Frame[], durationMs: number): Map<string, Span[]> {
  const found = new Map<string, Span[]>();
  for (const [index, frame] of frames.entries()) {
    const until = frames[index + 1]?.at ?? durationMs;
    for (const [row, runs] of frame.rows.entries()) {
      for (const run of runs) {
        const key = JSON.stringify([row, run.column, run.look, run.text]);
        const spans = found.get(key) ?? [];
        const last = spans.at(-1);
        if (last?.to === frame.at) last.to = until;
        else spans.push({ from: frame.at, to: until });
        found.set(key, spans);
      }
    }
  }
  return found;
}

function drawText(key: string, spans: readonly Span[], durationMs: number): string {
  const [row, column, look, text] = JSON.parse(key) as [number, number, Run["look"], string];
  const attributes = [
    look.length === 0 ? "" : ` class="${look.join(" ")}"`,
    ` x="${round(margin.x + column * cell.width)}"`,
    ` y="${margin.top + row * cell.height + cell.font}"`,
    text.length > 1 ? ` textLength="${round(text.length * cell.width)}"` : "",
  ].join("");
  const always = spans.length === 1 && spans[0]?.from === 0 && spans[0].to === durationMs;
  if (always) return `<text${attributes}>${escaped(text)}</text>`;
  const atEnd = spans.at(-1)?.to === durationMs;
  const hidden = atEnd ? "" : ` visibility="hidden"`;
  return `<text${attributes}${hidden}>${escaped(text)}${animation(spans, durationMs)}</text>`;
}

/** Shown in each span, hidden otherwise: https://www.w3.org/TR/SVG11/animate.html, discrete values. */
function animation(spans: readonly Span[], durationMs: number): string {
  const times: string[] = [];
  const values: string[] = [];
  const add = (ms: number, value: string) => {
    times.push(String(Number((ms / durationMs).toFixed(5))));
    values.push(value);
  };
  if (spans[0]?.from !== 0) add(0, "hidden");
  for (const { from, to } of spans) {
    add(from, "visible");
    if (to < durationMs) add(to, "hidden");
  }
  return `<animate attributeName="visibility" calcMode="discrete" dur="${durationMs}ms" repeatCount="indefinite" keyTimes="${times.join(";")}" values="${values.join(";")}"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
