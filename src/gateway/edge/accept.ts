export type PageType = "html" | "json";

/**
 * The form in which a client would rather have an error (RFC 9110 section 12.5.1): the one with the higher quality;
 * for equal ones the one that is named more exactly, then the one that is named first, then JSON. A client that
 * accepts neither gets JSON too, which section 15.5.7 allows. Never throws.
 *
 * @param accept value of Accept; null or "" when there is none
 */
export function preferredType(accept: string | null): PageType {
  if (accept === null || accept === "") return "json";
  const html = { quality: 0, exactness: 0, place: 0 };
  const json = { quality: 0, exactness: 0, place: 0 };
  for (const [place, range] of accept.slice(0, 1_024).toLowerCase().split(",").entries()) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const quality = qualityOf(parameters);
    consider(html, exactnessFor(type, "text/html", "text/*"), quality, place);
    consider(json, exactnessFor(type, "application/json", "application/*"), quality, place);
  }
  if (html.quality === 0) return "json";
  if (html.quality !== json.quality) return html.quality > json.quality ? "html" : "json";
  if (html.exactness !== json.exactness) return html.exactness > json.exactness ? "html" : "json";
  return html.place < json.place ? "html" : "json";
}

/** The most exact range that matches decides, whatever its quality. */
function consider(
  best: { quality: number; exactness: number; place: number },
  exactness: number,
  quality: number,
  place: number,
): void {
  if (exactness <= best.exactness) return;
  best.exactness = exactness;
  best.quality = quality;
  best.place = place;
}

function exactnessFor(range: string, type: string, family: string): number {
  if (range === type) return 3;
  if (type === "application/json" && /^application\/[\w.+-]*\+json$/.test(range)) return 3;
  if (range === family) return 2;
  return range === "*/*" ? 1 : 0;
}

function qualityOf(parameters: string[]): number {
  for (const parameter of parameters) {
    if (!parameter.startsWith("q=")) continue;
    const text = parameter.slice(2);
    return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0;
  }
  return 1;
}
