// A server of somebody else, and what its pages have a browser do to the bank.

import { createServer } from 'node:http';
import { bank, press } from './browser.mjs';

/** Its origins: at another port of this machine, and at another name. */
export async function otherSite() {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Win</title><p>You have won!');
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  server.unref();
  const { port } = server.address();
  return { sameSite: `http://127.0.0.1:${port}/`, crossSite: `http://evil.test:${port}/` };
}

/** A form sends itself. The status of the answer. */
export async function postFrom(page, site, path, fields) {
  await page.goto(site);
  await page.evaluate(([url, fields]) => {
    const form = document.createElement('form');
    [form.method, form.action] = ['post', url];
    for (const [name, value] of Object.entries(fields)) {
      const field = document.createElement('input');
      [field.type, field.name, field.value] = ['hidden', name, value];
      form.append(field);
    }
    form.append(document.createElement('button'));
    document.body.append(form);
  }, [bank + path, fields]);
  return press(page, page.getByRole('button'));
}

/** A script sends the same. */
export async function fetchFrom(page, site, path, fields) {
  await page.goto(site);
  const answer = page.waitForResponse(bank + path);
  await page.evaluate(([url, fields]) => {
    const body = new URLSearchParams(fields);
    return fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body });
  }, [bank + path, fields]);
  return (await answer).status();
}

/** A script wants to read a page of the bank. Its text, or that it was refused. */
export async function readFrom(page, site, path) {
  await page.goto(site);
  const read = (url) => fetch(url, { credentials: 'include' }).then((answer) => answer.text(), () => 'refused');
  return page.evaluate(read, bank + path);
}

/** A page of the bank in a frame. What is in the frame then. */
export async function frameIn(page, site, path) {
  await page.goto(site);
  await page.evaluate(async (url) => {
    const frame = document.createElement('iframe');
    frame.src = url;
    const loaded = new Promise((resolve) => { frame.onload = resolve; });
    document.body.append(frame);
    await loaded;
  }, bank + path);
  return page.frames().at(-1).content();
}

/** Somebody follows a link. The status of the answer. */
export async function linkFrom(page, site, path) {
  await page.goto(site);
  await page.evaluate((url) => {
    const link = document.createElement('a');
    [link.href, link.textContent] = [url, 'To the bank'];
    document.body.append(link);
  }, bank + path);
  return press(page, page.getByRole('link'));
}
