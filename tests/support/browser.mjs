// A browser on the admin page of a real daemon: Debian's chromium, driven by playwright-core. What the page logs as an error, or
// what its policy forbids, fails the walk.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { cleanup, when_failed } from "./scenario.mjs";

const require = createRequire(path.join(process.env.BROWSER_MODULES, "here.js"));
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env.SCREENSHOTS;
const patience = process.env.TIDEWIRE_SANITIZED ? 4 : 1;

export const sizes = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };
/// Of a small phone, or of a desktop window whose page is shown four times as large.
export const smallest = { width: 320, height: 640 };

/// Opens the page and logs in, up to the overview.
export async function log_in(page, address, name, password) {
  await page.goto(address + "/");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

/// { page, problems }: `problems` collects what the page complained of.
export async function open_browser() {
  const browser = await chromium.launch({ executablePath: process.env.BROWSER_PROGRAM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
  cleanup(() => browser.close());
  const context = await browser.newContext({ viewport: sizes.desktop, colorScheme: "light", reducedMotion: "reduce" });
  // PAGE_FILES=runtime/admin/ui: the page as it stands there instead of in the binary, so that an edit needs no build.
  const files = process.env.PAGE_FILES;
  if (files) await context.route(/\/(ui\/[\w.]+)?$/, async (route) => {
    const file = path.join(files, new URL(route.request().url()).pathname.split("/ui/")[1] ?? "index.html");
    const response = await route.fetch({ headers: { ...route.request().headers(), "if-none-match": "" } });
    const fresh = response.status() === 404 ? { status: 200, contentType: "text/javascript" } : {};  // one that the binary has not
    await route.fulfill({ response, ...(fs.existsSync(file) ? { ...fresh, body: fs.readFileSync(file) } : {}) });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60000 * patience);
  const problems = [];
  const foreign = [];
  page.on("pageerror", (error) => problems.push(`${error}\n${error.stack ?? ""}`));
  page.on("console", (message) => { if (message.type() === "error" && !/status of (401|403|404|412|400)/.test(message.text())) problems.push(`${message.text()} ${message.location().url}`); });
  page.on("request", (request) => { if (!/^(http:\/\/127\.0\.0\.1|blob:|data:)/.test(request.url())) foreign.push(request.url()); });
  when_failed(async () => {
    await shot(page, `failed-${path.basename(process.argv[1], ".mjs")}`);
    return `--- ${page.url()} shows\n${(await page.locator("body").innerText()).slice(0, 3000)}\n${problems.join("\n")}`;
  });
  return { browser, context, page, problems, foreign };
}

/// The page of the admin at this hash, drawn to its end: the one that was shown before does not pass for it.
export async function visit(page, address, hash) {
  const target = `${address}/${hash}`;
  await (page.url() === target ? page.reload() : page.goto(target));
  if (hash.startsWith("#")) await page.locator(`main:not([aria-busy]) > [data-place=${JSON.stringify(hash)}]`).waitFor({ state: "attached" });
  await drawn(page);
}

export async function drawn(page) {
  await page.waitForSelector("main:not([aria-busy]) h1, main:not([aria-busy]) .banner.bad");
}

/// What stands in a field before somebody types, with less contrast to it than 4.5 : 1: axe-core does not look at it.
const faint = () => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\d.]+/g).map(Number).map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll("input[placeholder], textarea[placeholder]")].filter((one) => one.placeholder && !one.disabled && one.checkVisibility()).map((one) => {
    const [more, less] = [light(getComputedStyle(one, "::placeholder").color), light(getComputedStyle(one).backgroundColor)].sort((a, b) => b - a);
    return [one.placeholder, (more + 0.05) / (less + 0.05)];
  }).filter(([, contrast]) => contrast < 4.5).map(([text, contrast]) => `${text}: ${contrast.toFixed(1)} : 1`);
};

/// What axe-core finds that keeps people out, and what it does not look at.
export async function check_access(page, name) {
  assert.deepEqual(await page.evaluate(faint), [], `${name}: faint words in fields`);
  // The page's policy lets no script in, which is as it should be; the tool is given to it from outside.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  const bad = violations.filter((one) => ["serious", "critical"].includes(one.impact));
  assert.deepEqual(bad.map((one) => `${one.id}: ${one.help} (${one.nodes.map((node) => `${node.html.slice(0, 160)} ${node.any.map((each) => each.message).join(" ").slice(0, 200)}`).slice(0, 3).join("; ")})`), [], name);
}

/// For a person to look at: BUILD_DIR/screenshots/NAME.png
export async function shot(page, name) {
  fs.mkdirSync(shots, { recursive: true });
  await page.evaluate(() => window.scrollTo(0, 0));  // the bar stays at the top of what is seen
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
}

/// Wider than its window: somebody on a phone would have to scroll sideways. Or wider than the card or the cell it stands in.
export async function fits(page, name) {
  const out = await page.evaluate(() => [...document.querySelectorAll(".card")].flatMap((card) => [...card.querySelectorAll("*")].filter((one) => !one.closest(".unseen, .flush > * *, svg, .scroll *, .source *, .diff *, pre *") && one.getBoundingClientRect().right > card.getBoundingClientRect().right + 1).map((one) => `${one.tagName} ${one.textContent.slice(0, 40)}`)));
  assert.deepEqual(out, [], `${name}: out of its card`);
  const over = await page.evaluate(() => [...document.querySelectorAll("table.stacks td")].flatMap((cell) => [...cell.querySelectorAll("*")].filter((one) => !one.closest(".unseen, svg") && one.getBoundingClientRect().right > cell.getBoundingClientRect().right + 1 - parseFloat(getComputedStyle(cell).paddingRight)).map((one) => `${one.tagName} ${one.textContent.slice(0, 40)}`)));
  assert.deepEqual(over, [], `${name}: out of its cell`);
  const [wide, window_] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(wide <= window_ + 1, `${name} is ${wide} wide in a window of ${window_}`);
}

/// Goes through the page by Tab alone and tells what keeps a person at the keyboard out: what no Tab reaches, what does not show that
/// it has the focus, what has it behind the bar at the top. A group of radio buttons and a list of tabs are one stop each.
export async function walk_by_keyboard(page, most = 500) {
  await page.evaluate(() => {
    const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter((one) => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true }));
    window.walk = { stops: new Set(stops), met: new Set(), groups: new Set(), faults: [] };
    document.querySelector("a.skip")?.focus();
  });
  for (let i = 0, over = false; i < most && !over; i += 1) {
    over = await page.evaluate(() => {
      const one = document.activeElement, { met, groups, faults } = window.walk;
      if (one === document.body || (one.matches("a.skip") && met.size > 0)) return true;
      if (met.has(one)) return false;
      met.add(one);
      if (one.type === "radio") groups.add(one.name);
      const name = `${one.tagName.toLowerCase()} ${(one.getAttribute("aria-label") ?? one.getAttribute("name") ?? one.textContent).slice(0, 60)}`;
      const style = getComputedStyle(one), box = one.getBoundingClientRect(), bar = document.querySelector("header.top")?.getBoundingClientRect();
      if ((style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1) && style.boxShadow === "none") faults.push(`${name}: its focus is not seen`);
      if (bar && !one.closest("header.top") && !one.matches("a.skip") && box.bottom <= bar.bottom) faults.push(`${name}: it has the focus behind the bar`);
      return false;
    });
    if (over) break;
    // In an editor Tab indents; Escape and then Tab leaves it.
    if (await page.evaluate(() => document.activeElement.tagName === "TEXTAREA")) await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
  }
  return page.evaluate(() => {
    const { stops, met, groups, faults } = window.walk;
    const missed = [...stops].filter((one) => one.isConnected && !met.has(one) && !(one.type === "radio" && groups.has(one.name)));
    return [...missed.map((one) => `${one.outerHTML.slice(0, 140)}: no Tab reaches it`), ...faults];
  });
}
