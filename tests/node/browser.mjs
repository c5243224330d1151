// The hands and eyes of `online_banking.mjs`: one browser or several, what people do in them, and what a page must be like.

import assert from 'node:assert/strict';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

const settings = JSON.parse(process.argv[3]);
export const { bank, passwords } = settings;
export const COOKIE = '__Host-session';

const browsers = [];

export async function start(options = {}) {
  const browser = await chromium.launch({
    executablePath: settings.chromium,
    chromiumSandbox: false,
    args: ['--disable-dev-shm-usage', '--no-proxy-server', '--host-resolver-rules=MAP evil.test 127.0.0.1'],
    ...options,
  });
  browsers.push(browser);
  return browser;
}

/** A page of a browser that has never been here. */
export async function newPage(browser = browsers[0]) {
  const context = await browser.newContext({ viewport: DESK, reducedMotion: 'reduce' });
  context.setDefaultTimeout(20_000);
  return context.newPage();
}

export async function visit(page, path) {
  return (await page.goto(bank + path)).status();
}

/** Fills in the form and sends it. The status of the page at the end. */
export async function logIn(page, name = 'alice', password = passwords[name], remember = false) {
  const field = page.getByLabel('User name');
  if (await field.isEditable()) await field.fill(name);
  await page.getByLabel('Password').fill(password);
  if (remember) await page.getByLabel('Keep me logged in').check();
  return press(page, page.getByRole('button', { name: /^(Log in|Confirm)$/ }));
}

export async function send(page, { amount = '25.50' } = {}) {
  await page.getByLabel('To').selectOption('Bob Baker');
  await page.getByLabel('Amount in euros').fill(amount);
  await page.getByLabel('Reference').fill('<b>Pizza</b>');
  return press(page, page.getByRole('button', { name: 'Send' }));
}

/** Clicks, and waits for the page that comes. Its status. */
export async function press(page, button) {
  const isPage = (response) => response.request().isNavigationRequest() && response.status() !== 303;
  const [response] =
    await Promise.all([page.waitForResponse(isPage), page.waitForEvent('framenavigated'), button.click()]);
  await page.waitForLoadState();
  return response.status();
}

export async function cookieOf(page) {
  // Chromium takes this machine for safe without HTTPS, and the cookie with `Secure`; playwright asks for it by its own rules.
  return (await page.context().cookies()).find(({ name }) => name === COOKIE);
}

export async function statusWith(id) {
  return (await fetch(`${bank}/account`, { headers: { cookie: `${COOKIE}=${id}` } })).status;
}

export async function tell(path) {
  const answer = await fetch(settings.control + path, { method: 'POST' });
  assert.equal(answer.status, 200);
}

export const later = (seconds) => tell(`/later/${seconds}`);

export const books = async () => (await fetch(`${settings.control}/books`)).json();

const DESK = { width: 1120, height: 760 };
const PHONE = { width: 375, height: 760 };

/** The page has this heading, breaks no rule of axe-core, and fits on a phone; it is photographed. */
export async function looksLike(page, name, heading) {
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), heading);
  for (const [kind, viewport, colorScheme] of [['light', DESK, 'light'], ['dark', DESK, 'dark'], ['narrow', PHONE, 'light']]) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${settings.pictures}/${name}-${kind}.png`, fullPage: true });
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => axe.run());
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    assert.deepEqual(found, [], `${name}, ${kind}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${name}, ${kind}: ${overflow} pixels too wide`);
  }
  await page.setViewportSize(DESK);
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Ends all browsers. */
export async function end() {
  await Promise.all(browsers.map((browser) => browser.close()));
}
