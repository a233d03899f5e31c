// A shop of the suite's own, and a browser to visit it with.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { SOCKSHOP, CHROMIUM, ARTEFACTS } = process.env;

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

// Starts a shop and a browser before the tests of the file that calls it, and ends both after them.
// `prepare` is done once both are there.
export function openShop(prepare = async () => {}) {
  const shop = { url: "", data: "", browser: null };
  before(async () => {
    const port = await freePort();
    shop.data = join(mkdtempSync(join(tmpdir(), "sockshop-browser-")), "shop");
    shop.url = `http://127.0.0.1:${port}`;
    execFileSync(SOCKSHOP, ["up", "--detach", "--port", String(port), "--data", shop.data], { stdio: "inherit" });
    shop.browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--no-first-run"],
    });
    await prepare(shop);
  });
  after(async () => {
    await shop.browser?.close();
    execFileSync(SOCKSHOP, ["down", "--data", shop.data], { stdio: "inherit" });
    rmSync(join(shop.data, ".."), { recursive: true, force: true });
  });
  return shop;
}

// A visitor of their own: cookies, scheme, size, JavaScript or none.
export async function visitor(shop, options = {}) {
  const context = await shop.browser.newContext({ baseURL: shop.url, ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  return Object.assign(page, { errors, leave: () => context.close() });
}

// Keeps a picture of the whole page among the artefacts.
export const keepPicture = (page, name) => page.screenshot({ path: join(ARTEFACTS, `${name}.png`), fullPage: true });

// What axe finds wrong with the page, a line each.
export async function violations(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
}
