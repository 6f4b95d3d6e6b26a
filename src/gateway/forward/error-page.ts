import { STATUS_CODES } from "node:http";

const said: Record<number, string> = {
  400: "The request could not be understood.",
  404: "Nothing is served under this address.",
  405: "This method is not served here.",
  408: "The request took too long to arrive.",
  431: "The request's header is too large.",
  501: "The request's transfer coding is not supported.",
  502: "The application did not answer.",
  503: "The application is not available at the moment. Please try again.",
  504: "The application took too long to answer.",
};

/** Body and type of an answer that the gateway makes itself, in the form that the `Accept` header prefers. */
export function errorPage(
  status: number,
  accept: string | undefined,
  requestId: string | null,
): {
  type: string;
  body: string;
} {
  const title = STATUS_CODES[status] ?? "Error";
  const text = said[status] ?? title;
  if (prefersHtml(accept)) {
    return {
      type: "text/html; charset=utf-8",
      body:
        `<!doctype html><html lang="en"><meta charset="utf-8"><title>${status} ${title}</title>` +
        `<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32em;padding:0 1em}</style>` +
        `<h1>${status} ${title}</h1><p>${text}</p>${requestId === null ? "" : `<p><small>Request ${requestId}</small></p>`}\n`,
    };
  }
  const fields = {
    status,
    error: title,
    message: text,
    ...(requestId === null ? {} : { request: requestId }),
  };
  return { type: "application/json", body: `${JSON.stringify(fields)}\n` };
}

function prefersHtml(accept: string | undefined): boolean {
  const html = accept?.indexOf("text/html") ?? -1;
  const json = accept?.indexOf("application/json") ?? -1;
  return html >= 0 && (json < 0 || html < json);
}

/** A whole raw answer for a connection that has no request to answer: it closes after it. */
export function rawErrorAnswer(status: number): string {
  const { type, body } = errorPage(status, undefined, null);
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\nContent-Type: ${type}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}
