// What Chromium does with our answers; `tests/browser_clients.rs` serves them and starts this: `node browsers.mjs <scene> <settings>`.

import assert from 'node:assert/strict';
import { bank, COOKIE, end, logIn, newPage, passwords, start, visit } from './browser.mjs';

const settings = JSON.parse(process.argv[3]);

/** Where the tab stands, without the server's name. */
const place = (page) => page.url().replace(bank, '');

/** Goes to a page, with the statuses on the way. */
async function go(page, path) {
  const statuses = [];
  const note = (response) => {
    if (response.request().isNavigationRequest() && response.frame() === page.mainFrame()) statuses.push(response.status());
  };
  page.on('response', note);
  await page.goto(bank + path);
  page.off('response', note);
  return statuses;
}

/** What a script of the page gets. */
const ask = (page, url, options = {}) =>
  page.evaluate(async ([url, options]) => {
    try {
      const answer = await fetch(url, options);
      const field = (name) => answer.headers.get(name);
      return {
        status: answer.status,
        redirected: answer.redirected,
        challenge: field('www-authenticate'),
        retryAfter: field('retry-after'),
        body: await answer.text(),
      };
    } catch (error) {
      return { error: error.name };
    }
  }, [url, options]);

const scenes = {
  async deep_link() {
    const page = await newPage();
    const deep = '/orders/7?page=2&q=a%20b+%26c';
    assert.deepEqual(await go(page, deep), [303, 200]);
    assert.equal(place(page), `/login?lang=en&return_to=${encodeURIComponent(deep).replaceAll('%2F', '/')}`);
    assert.equal(await logIn(page), 200);
    assert.equal(place(page), deep);
    assert.equal(await page.title(), 'alice');
    assert.deepEqual(await go(page, '/orders/8'), [200], 'who is logged in goes on');

    // A log-in that is too old for this leads to the same page, and on.
    assert.deepEqual(await go(page, '/till'), [200]);
    assert.equal((await ask(page, '/later', { method: 'POST' })).status, 200);
    assert.deepEqual(await go(page, '/till'), [303, 200]);
    assert.equal(await logIn(page), 200);
    assert.equal(place(page), '/till');

    // A session that nobody knows, and a text that is none: the browser sends them because it must.
    for (const value of ['A'.repeat(43), 'nonsense']) {
      const page = await newPage();
      await visit(page, '/login');
      await page.evaluate(([name, value]) => { document.cookie = `${name}=${value}; Secure; Path=/`; }, [COOKIE, value]);
      assert.deepEqual(await go(page, '/orders/9'), [303, 200], value);
      assert.equal(await logIn(page), 200);
      assert.equal(place(page), '/orders/9');
    }

    // Going back from the page does not lead round in circles.
    const other = await newPage();
    await visit(other, '/login');
    await go(other, '/orders/10');
    await other.goBack();
    assert.equal(place(other), '/login');
  },

  async not_sent() {
    const page = await newPage();
    await visit(page, '/login');
    for (const options of [{}, { method: 'POST' }, { headers: { accept: 'text/html' } }, { mode: 'same-origin' }]) {
      const { status, redirected, challenge, body } = await ask(page, '/orders/7', options);
      assert.deepEqual([status, redirected], [401, false], JSON.stringify(options));
      assert.equal(challenge, 'Session realm="shop"');
      assert.equal(JSON.parse(body).code, 'missing');
    }
    const byRequest = await page.evaluate(() => new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open('GET', '/orders/7');
      request.onloadend = () => resolve([request.status, request.responseURL]);
      request.send();
    }));
    assert.deepEqual(byRequest, [401, `${bank}/orders/7`]);

    const embedded = ['iframe', 'img', 'script', 'embed'].map((tag) => {
      const address = `${bank}/orders/${tag}`;
      return [tag, page.waitForResponse(address), `<${tag} src="${address}"></${tag}>`];
    });
    await page.evaluate((html) => { document.body.append(document.createRange().createContextualFragment(html)); },
      embedded.map(([, , html]) => html).join(''));
    for (const [tag, response] of embedded) assert.equal((await response).status(), 401, tag);

    // A form that would change something is not repeated after a log-in.
    await page.setContent('<form method="post" action="/orders/7"><button>Send</button></form>');
    const [response] = await Promise.all([page.waitForResponse(`${bank}/orders/7`), page.locator('button').click()]);
    assert.equal(response.status(), 401);
  },

  async made_up() {
    const hostile = [
      '//evil.test/', '/\\evil.test/', '/%2f%2fevil.test/', '/%5cevil.test/', '/%09/evil.test/', '/..//evil.test/',
      '/orders/..%2f..%2f/evil.test', '/%0d%0alocation:%20http://evil.test/', '/;@evil.test', '///evil.test',
    ];
    const page = await newPage();
    for (const path of hostile) {
      await page.goto(`${bank}${path}`);
      assert.ok(page.url().startsWith(`${bank}/`), `${path} led to ${page.url()}`);
    }
    // What a stranger writes into the address of the log-in page is not followed.
    for (const path of [...hostile, 'http://evil.test/', 'javascript:alert(1)', 'https:evil.test', '\t//evil.test']) {
      await visit(page, `/login?return_to=${encodeURIComponent(path)}`);
      assert.equal(await page.locator('[name=return_to]').inputValue(), path);
      assert.equal(await logIn(page), 200);
      assert.equal(place(page), '/orders/home', path);
    }
  },

  async dialogs() {
    const page = await newPage();
    const session = await page.context().newCDPSession(page);
    const asked = [];
    let typed = { response: 'CancelAuth' };
    await session.send('Fetch.enable', { handleAuthRequests: true });
    session.on('Fetch.requestPaused', ({ requestId }) => session.send('Fetch.continueRequest', { requestId }).catch(() => {}));
    // Where this comes, a browser with a window opens its dialog.
    session.on('Fetch.authRequired', ({ requestId, request, authChallenge }) => {
      asked.push(`${authChallenge.scheme} ${new URL(request.url).pathname}`);
      session.send('Fetch.continueWithAuth', { requestId, authChallengeResponse: typed });
    });
    const dialogs = () => asked.splice(0);

    await page.goto(`${bank}/open/page`);
    const { status, challenge, body } = await ask(page, '/quiet');
    assert.deepEqual([status, challenge], [401, 'xBasic realm="staff", charset="UTF-8"']);
    assert.equal(JSON.parse(body).code, 'missing');
    assert.equal((await ask(page, '/quiet', { method: 'POST' })).status, 401);
    assert.deepEqual(dialogs(), []);
    await ask(page, '/loud');
    assert.deepEqual(dialogs(), ['basic /loud'], 'the real challenge asks people out of the blue');

    // A script that has the password needs no dialog.
    const header = `Basic ${btoa(`alice:${passwords.alice}`)}`;
    assert.equal((await ask(page, '/quiet', { headers: { authorization: header } })).status, 200);
    const wrong = await ask(page, '/quiet', { headers: { authorization: `Basic ${btoa('alice:no')}` } });
    assert.deepEqual([wrong.status, wrong.challenge], [401, 'xBasic realm="staff", charset="UTF-8"']);
    assert.deepEqual(dialogs(), []);

    // Who goes there is asked.
    await page.goto(`${bank}/quiet`).catch(() => {});
    assert.deepEqual(dialogs(), ['basic /quiet']);
    typed = { response: 'ProvideCredentials', username: 'alice', password: passwords.alice };
    assert.equal((await page.goto(`${bank}/quiet`)).status(), 200);
    assert.equal(await page.title(), 'alice');
    assert.deepEqual(dialogs(), ['basic /quiet']);
    // What was typed goes along with what the scripts of the page ask for.
    assert.equal((await ask(page, '/quiet')).status, 200);
    assert.equal((await ask(page, '/quiet/below')).status, 200);
    assert.deepEqual(dialogs(), []);
  },

  async other_origin() {
    const page = await newPage();
    await page.goto(settings.elsewhere);
    const authorization = (token) => ({ headers: { authorization: `Bearer ${token}` } });

    for (const server of [settings.outside, settings.mute]) {
      assert.equal((await ask(page, server, authorization('good'))).status, 200);
      assert.equal((await ask(page, server, { method: 'PUT', ...authorization('good') })).status, 200);
      assert.equal((await ask(page, server, { method: 'DELETE', ...authorization('good') })).error, 'TypeError');
      for (const options of [{}, authorization('bad')]) {
        const { status, body } = await ask(page, server, options);
        assert.deepEqual([status, JSON.parse(body).status], [401, 401], 'a script may read why');
      }
    }
    assert.equal((await ask(page, settings.outside)).challenge, 'Bearer realm="shop"');
    const often = await ask(page, settings.outside, authorization('often'));
    assert.deepEqual([often.status, often.retryAfter], [429, '7']);
    assert.equal((await ask(page, settings.mute)).challenge, null, 'it is there, and not for scripts');
    assert.equal((await ask(page, settings.mute, authorization('often'))).retryAfter, null);

    // With CORS inside a preflight must be let through; a refusal is then for no script to read.
    assert.equal((await ask(page, settings.inside, authorization('good'))).status, 200);
    assert.equal((await ask(page, settings.inside, authorization('bad'))).error, 'TypeError');
    assert.equal((await ask(page, settings.closed, authorization('good'))).error, 'TypeError');
    // And where nobody speaks CORS, nothing is allowed by letting preflights through.
    assert.equal((await ask(page, settings.none, authorization('good'))).error, 'TypeError');
  },
};

await start();
try {
  await scenes[process.argv[2]]();
  console.log('done');
} finally {
  await end();
}
