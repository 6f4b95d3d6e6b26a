/** Status, title (the reason phrase of RFC 9110 section 15) and what a person is told. */
const texts: Record<number, readonly [title: string, text: string]> = {
  400: ["Bad Request", "The request could not be understood."],
  404: ["Not Found", "Nothing is served under this address."],
  405: ["Method Not Allowed", "This method is not served here."],
  408: ["Request Timeout", "The request took too long to arrive."],
  413: ["Content Too Large", "The request's content is larger than this server takes."],
  414: ["URI Too Long", "The address that was asked for is too long."],
  417: ["Expectation Failed", "The request expects something that this server can't do."],
  421: ["Misdirected Request", "This server does not answer for the name that was asked for."],
  429: ["Too Many Requests", "There are too many requests from your address. Please try again in a moment."],
  431: ["Request Header Fields Too Large", "The request's header is too large."],
  500: ["Internal Server Error", "Something failed on the way to the application."],
  501: ["Not Implemented", "The request's transfer coding or method is not supported."],
  502: ["Bad Gateway", "The application could not be reached, or its answer was not valid."],
  503: ["Service Unavailable", "The application is not available at the moment. Please try again."],
  504: ["Gateway Timeout", "The application took too long to answer."],
  505: ["HTTP Version Not Supported", "This version of HTTP is not spoken here."],
};

/** Statuses that the gateway answers itself. */
export const pageStatuses: readonly number[] = Object.keys(texts).map(Number);

export function pageTitle(status: number): string {
  return texts[status]?.[0] ?? "Error";
}

export function pageText(status: number): string {
  return texts[status]?.[1] ?? "The request failed.";
}

/** What stands in for `{{name}}` in a page. */
export interface PageValues {
  status: string;
  title: string;
  text: string;
  requestId: string;
}

/** A page's parts: text, and the names of what stands between. */
export type PageTemplate = readonly (string | { readonly name: keyof PageValues })[];

const names = new Set(["status", "title", "text", "requestId"]);

/** @throws RangeError for a name that means nothing */
export function parseTemplate(text: string): PageTemplate {
  return text.split(/(\{\{[^{}]*\}\})/).map((part, index) => {
    if (index % 2 === 0) return part;
    const name = part.slice(2, -2).trim();
    if (!names.has(name)) throw new RangeError(`'${part}' means nothing`);
    return { name: name as keyof PageValues };
  });
}

/** A page with its values, escaped for where they stand. */
export function fillTemplate(
  template: PageTemplate,
  values: PageValues,
  escaped: (text: string) => string,
): string {
  let page = "";
  for (const part of template) page += typeof part === "string" ? part : escaped(values[part.name]);
  return page;
}

/** For the content of an element or of an attribute in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** For the inside of a JSON string. */
export function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
