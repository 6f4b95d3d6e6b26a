import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PageType } from "./accept.ts";
import { escapeHtml, escapeJson, fillTemplate, type PageTemplate, parseTemplate } from "./page-text.ts";

/** Largest page of one's own, in bytes. */
export const mostPageBytes = 65_536;

/** Pages of one's own, by file name: `404.html`, `5xx.json`. */
export type ErrorPages = ReadonlyMap<string, PageTemplate>;

export const noErrorPages: ErrorPages = new Map();

const pageName = /^(?:[45]\d\d|[45]xx)\.(html|json)$/;

/**
 * Reads the pages of a directory: `404.html`, `404.json`, `4xx.html` and so on, with `{{status}}`, `{{title}}`,
 * `{{text}}` and `{{requestId}}` in them. What can't be used is told to `warn` and left out; never throws.
 *
 * @param directory "" for none
 */
export async function readErrorPages(
  directory: string,
  warn: (message: string) => void,
): Promise<ErrorPages> {
  if (directory === "") return noErrorPages;
  const pages = new Map<string, PageTemplate>();
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    warn(`the directory of error pages can't be read: ${said(error)}`);
    return pages;
  }
  for (const name of names.sort()) {
    if (name.startsWith(".")) continue;
    try {
      if (!pageName.test(name)) throw new RangeError("a page is named like 404.html, 503.json, 4xx.html");
      pages.set(name, await readPage(join(directory, name), name.endsWith(".json")));
    } catch (error) {
      warn(`the error page ${JSON.stringify(name)} is not used: ${said(error)}`);
    }
  }
  return pages;
}

/** The page for a status: its own, else that of its class; null when there is none in this form. */
export function customPage(pages: ErrorPages, status: number, type: PageType): PageTemplate | null {
  return pages.get(`${status}.${type}`) ?? pages.get(`${Math.floor(status / 100)}xx.${type}`) ?? null;
}

async function readPage(path: string, json: boolean): Promise<PageTemplate> {
  const found = await stat(path);
  if (!found.isFile()) throw new RangeError("it is not a file");
  if (found.size > mostPageBytes) throw new RangeError(`it is larger than ${mostPageBytes} bytes`);
  const template = parseTemplate(new TextDecoder("utf-8", { fatal: true }).decode(await readBounded(path)));
  if (json) JSON.parse(fillTemplate(template, sample, escapeJson));
  return template;
}

/** A file may have grown since it was looked at. */
async function readBounded(path: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const bytes = new Uint8Array(mostPageBytes + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      if (bytesRead === 0) return bytes.subarray(0, length);
      length += bytesRead;
    }
    throw new RangeError(`it is larger than ${mostPageBytes} bytes`);
  } finally {
    await file.close();
  }
}

const sample = {
  status: "503",
  title: "Service Unavailable",
  text: "Try again.",
  requestId: "0123456789abcdef",
};

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Escapes values for pages of a form. */
export function escapeFor(type: PageType): (text: string) => string {
  return type === "html" ? escapeHtml : escapeJson;
}
