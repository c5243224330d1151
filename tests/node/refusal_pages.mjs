// Chromium is refused in every way there is, by the server of `tests/refusal_pages.rs`.
//
//   node refusal_pages.mjs pages '{"chromium", "bank", "pictures"}'
//
// `bank` is the origin of the server. Each page is photographed into `pictures`, by day, by night and on a phone, and held against
// the rules of axe-core. At the first thing that is not as it should be the script ends with an error; else it says, in JSON,
// which paths it asked for.

import assert from 'node:assert/strict';
import { bank, end, looksLike, newPage, start } from './browser.mjs';

const pages = {
  not_logged_in: [401, 'Please log in'],
  session_over: [401, 'Your session has ended'],
  logged_out: [401, 'You are not logged in any more'],
  confirm: [401, 'Please confirm that it is you'],
  not_permitted: [403, 'You have no access to this page'],
  from_another_site: [403, 'That came from another website'],
  not_found: [404, 'There is nothing here'],
  gone: [405, 'Method not allowed'],
  too_many_attempts: [429, 'Too many attempts'],
  out_of_order: [503, 'Sorry, this is our fault'],
  broken: [500, 'Sorry, something is wrong on our side'],
  unreadable: [400, 'We could not read your request'],
};

const browser = await start();
const went = [];

/** A page whose complaints and requests are noted. */
async function watched(options) {
  const page = await newPage(browser, options);
  const complaints = [];
  page.on('request', (request) => went.push(new URL(request.url()).pathname));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // That a page was refused is what it is about.
    if (!/the server responded with a status of/.test(message.text())) complaints.push(message.text());
  });
  return { page, complaints };
}

async function check(page, response, name, status, heading) {
  assert.equal(response.status(), status, name);
  assert.ok((await response.body()).length < 8192, name);
  assert.equal(await response.headerValue('content-type'), 'text/html; charset=utf-8');
  assert.equal(await response.headerValue('content-language'), 'en');
  assert.match(await response.headerValue('vary'), /accept-language/);
  assert.equal(await page.getByRole('main').count(), 1);
  // The style counts: without it, text would stand on the edge.
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('main')).borderRadius), '16px', name);
  await looksLike(page, name, heading);
}

for (const [name, [status, heading]] of Object.entries(pages)) {
  const { page, complaints } = await watched();
  const response = await page.goto(`${bank}/${name}`);
  await check(page, response, name, status, heading);
  assert.deepEqual(complaints, [], name);
  const offered = await page.getByRole('link', { name: 'Log in' }).count();
  assert.equal(offered, status <= 401 ? 1 : 0, `${name} offers the log-in where it helps`);
  if (name === 'not_permitted') {
    assert.deepEqual(await page.getByRole('listitem').allTextContents(), ['orders:write\n', 'accountant\n']);
    assert.equal(await page.getByRole('link', { name: 'the help desk' }).first().getAttribute('href'), 'mailto:help@example.com');
  }
  // What somebody might smuggle in has no effect.
  const smuggled = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'globalThis.ran = true';
    document.body.append(script);
    const style = document.createElement('style');
    style.textContent = 'h1 { letter-spacing: 40px }';
    document.head.append(style);
    return [globalThis.ran ?? false, getComputedStyle(document.querySelector('h1')).letterSpacing];
  });
  assert.deepEqual(smuggled, [false, 'normal'], name);
  await page.context().close();
}

// A wrong password, typed into a form.
const { page, complaints } = await watched();
await page.goto(`${bank}/form`);
const [response] = await Promise.all([
  page.waitForResponse((response) => response.url().endsWith('/login')),
  page.waitForURL('**/login'),
  page.getByRole('button').click(),
]);
await check(page, response, 'wrong_password', 401, 'That did not work');
assert.doesNotMatch(await page.content(), /guess|ann/);
assert.deepEqual(complaints, []);

await end();
console.log(JSON.stringify(went));
