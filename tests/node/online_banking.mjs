// Chromium uses `examples/online_banking.rs` as people do, and as other sites would like to.
//
//   node online_banking.mjs SCENE '{"chromium", "bank", "control", "passwords": {"alice", "bob"}, "pictures"}'
//
// `bank` and `control` are origins; `control` moves the bank's clock, shows its books and holds its database. Each page that is
// come by is photographed into `pictures`, by day, by night and on a phone, and held against the rules of axe-core. At the first
// thing that is not as it should be the script ends with an error; else its last line is `done`.

import assert from 'node:assert/strict';
import {
  COOKIE, bank, books, cookieOf, end, later, logIn, looksLike, newPage, passwords, press, send, start, statusWith, tell, visit,
} from './browser.mjs';
import { fetchFrom, frameIn, linkFrom, otherSite, postFrom, readFrom } from './other_site.mjs';

const scenes = {
  async logging_in() {
    const page = await newPage();
    assert.equal(await visit(page, '/devices?x=1'), 401);
    await looksLike(page, 'log_in', 'Log in');
    assert.equal(await page.locator(':focus').getAttribute('name'), 'username');

    assert.equal(await logIn(page, 'alice', 'a guess'), 401);
    assert.match(await page.getByRole('alert').textContent(), /do not belong together/);
    assert.equal(await page.getByLabel('User name').inputValue(), 'alice');
    assert.equal(await page.getByLabel('Password').inputValue(), '');
    assert.equal(await page.locator(':focus').getAttribute('name'), 'password');
    assert.doesNotMatch(await page.content(), /a guess/);
    assert.equal(await cookieOf(page), undefined);
    await looksLike(page, 'wrong_password', 'Log in');

    // What was typed is shown, and is no HTML.
    assert.equal(await logIn(page, '"><b>x</b>', 'a guess'), 401);
    assert.equal(await page.getByLabel('User name').inputValue(), '"><b>x</b>');

    // Back where the way began.
    assert.equal(await logIn(page), 200);
    assert.equal(page.url(), `${bank}/devices?x=1`);
    await visit(page, '/account');
    await looksLike(page, 'account', 'Hello, Alice');
    await visit(page, '/login');
    await looksLike(page, 'log_in_again', 'Log in');
    assert.equal(await visit(page, '/nowhere'), 404);
    await looksLike(page, 'not_found', 'There is nothing here');
  },

  async the_cookie() {
    const page = await newPage();
    await visit(page, '/account');
    const answer = page.waitForResponse((response) => response.url() === `${bank}/login`);
    await logIn(page);
    const line = await (await answer).headerValue('set-cookie');
    assert.match(line, /^__Host-session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    const { httpOnly, secure, sameSite, path, domain } = await cookieOf(page);
    assert.deepEqual([httpOnly, secure, sameSite, path, domain], [true, true, 'Lax', '/', '127.0.0.1']);
    assert.equal(await page.evaluate('document.cookie'), '');
    // No script runs on a page of the bank, whoever gets one in.
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.ran = true';
      document.body.append(script);
      return globalThis.ran ?? false;
    });
    assert.equal(ran, false);
    // Nothing of an answer is kept, by anybody.
    const page_of_alice = await page.reload();
    assert.equal(await page_of_alice.headerValue('cache-control'), 'no-store');
    assert.match(await page_of_alice.headerValue('vary'), /cookie/);
  },

  async being_away() {
    const page = await newPage();
    await visit(page, '/devices');
    await logIn(page);
    await later(29 * 60);
    assert.equal((await page.reload()).status(), 200);
    await later(29 * 60);
    assert.equal((await page.reload()).status(), 200, 'each request counts');
    await later(31 * 60);
    assert.equal((await page.reload()).status(), 401);
    assert.match(await page.getByRole('status').textContent(), /away for a while/);
    assert.equal(await page.locator('[name=return_to]').inputValue(), '/devices');
    await looksLike(page, 'away_too_long', 'Log in');
    assert.equal(await logIn(page), 200);
    assert.equal(page.url(), `${bank}/devices`);
    assert.equal(await page.getByRole('listitem').count(), 1, 'the one that is over is not in the list');
  },

  async staying_logged_in() {
    const page = await newPage();
    await visit(page, '/account');
    await logIn(page, 'alice', passwords.alice, true);
    const days = ((await cookieOf(page)).expires - Date.now() / 1000) / 86_400;
    assert.ok(days > 29.9 && days < 30.1, `${days} days`);
    await later(5 * 86_400);
    assert.equal((await page.reload()).status(), 200);
    await visit(page, '/devices');
    assert.match(await page.getByRole('listitem').textContent(), /kept logged in/);
    // Long ago is not fresh.
    assert.equal(await visit(page, '/transfer'), 401);
    assert.equal(await page.getByRole('heading').textContent(), 'Is it still you?');
    await logIn(page);
    await later(26 * 86_400);
    assert.equal(await visit(page, '/account'), 200, 'the password was given anew, so the 30 days are counted anew');
    await later(4 * 86_400);
    assert.equal(await visit(page, '/account'), 401, 'they are over, however busy');
  },

  async sending_money() {
    const page = await newPage();
    await visit(page, '/account');
    await logIn(page);
    await press(page, page.getByRole('link', { name: 'Send money' }).last());
    await looksLike(page, 'transfer', 'Send money');
    const before = await books();

    assert.equal(await send(page, { amount: 'much' }), 422);
    assert.match(await page.getByRole('alert').textContent(), /such as 25\.00/);
    assert.equal(await page.getByLabel('Reference').inputValue(), '<b>Pizza</b>');
    await looksLike(page, 'transfer_refused', 'Send money');
    assert.equal(await send(page, { amount: '9999999' }), 422);
    assert.deepEqual(await books(), before);

    // The form was opened in time, and may be sent a while later.
    await later(4 * 60);
    await visit(page, '/transfer');
    await later(5 * 60);
    assert.equal(await send(page), 200);
    assert.match(await page.getByRole('status').textContent(), /€25\.50 sent to Bob Baker/);
    assert.equal(await page.getByText('<b>Pizza</b>').count(), 1);
    await looksLike(page, 'sent', 'Hello, Alice');
    const sent = { alice: before.alice - 2550, bob: before.bob + 2550 };
    assert.deepEqual(await books(), sent);

    // Now it is too long ago.
    const old = await cookieOf(page);
    assert.equal(await visit(page, '/transfer'), 401);
    assert.match(await page.getByRole('status').textContent(), /more than 5 minutes ago/);
    assert.equal(await page.getByLabel('User name').inputValue(), 'alice');
    await looksLike(page, 'is_it_still_you', 'Is it still you?');
    assert.equal(await visit(page, '/account'), 200, 'for looking there is no need');
    await visit(page, '/transfer');
    assert.equal(await logIn(page, 'alice', 'a guess'), 401);
    assert.equal(await logIn(page), 200);
    assert.equal(page.url(), `${bank}/transfer`);
    const fresh = await cookieOf(page);
    assert.notEqual(fresh.value, old.value);
    assert.equal(await statusWith(old.value), 401);
    await visit(page, '/devices');
    assert.equal(await page.getByRole('listitem').count(), 1, 'it is the same session, under another id');

    // A form that is sent too late sends no money, and its page asks for the password.
    await visit(page, '/transfer');
    await later(11 * 60);
    assert.equal(await send(page), 401);
    assert.deepEqual(await books(), sent);
    await logIn(page);
    assert.equal(page.url(), `${bank}/transfer`);
    assert.deepEqual(await books(), sent, 'the log-in alone sends nothing');
    await send(page);
    assert.equal((await books()).alice, sent.alice - 2550);

    // Who says that it is not them is logged out.
    await later(6 * 60);
    await visit(page, '/transfer');
    await press(page, page.getByRole('button', { name: 'Log out' }));
    assert.equal(page.url(), `${bank}/goodbye`);
  },

  async logging_out() {
    // With the cache that makes going back quick, and without.
    for (const ignoreDefaultArgs of [['--disable-back-forward-cache'], []]) {
      const page = await newPage(await start({ ignoreDefaultArgs }));
      await visit(page, '/account');
      await logIn(page);
      await press(page, page.getByRole('link', { name: 'Devices' }));
      await press(page, page.getByRole('link', { name: 'Account' }));
      const { value } = await cookieOf(page);
      await press(page, page.getByRole('button', { name: 'Log out' }));
      assert.equal(page.url(), `${bank}/goodbye`);
      await looksLike(page, 'logged_out', 'You are logged out');
      assert.equal(await cookieOf(page), undefined);
      assert.equal(await statusWith(value), 401);
      for (const path of ['/account', '/devices', '/account']) {
        await page.goBack({ waitUntil: 'commit' });
        assert.equal(page.url(), bank + path);
        assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Log in', path);
        assert.doesNotMatch(await page.content(), /Alice|Salary|Balance|This one/);
      }
    }
  },

  async logging_out_from_afar() {
    const [here, there, third] = [await newPage(), await newPage(), await newPage()];
    for (const page of [here, there, third]) {
      await visit(page, '/account');
      await logIn(page);
      await later(60);
    }
    await visit(here, '/devices');
    assert.equal(await here.getByRole('listitem').count(), 3);
    assert.match(await here.getByRole('listitem').first().textContent(), /This one.*from 127\.0\.0\.1/s);
    await looksLike(here, 'devices', 'Devices');
    assert.doesNotMatch(await here.content(), new RegExp((await cookieOf(there)).value));

    await press(here, here.getByRole('listitem').nth(1).getByRole('button'));
    assert.equal(here.url(), `${bank}/devices`);
    assert.equal(await here.getByRole('listitem').count(), 2);
    assert.equal((await third.reload()).status(), 401);
    assert.match(await third.getByRole('status').textContent(), /not logged in any more/);
    await looksLike(third, 'logged_out_from_afar', 'Log in');
    assert.equal((await there.reload()).status(), 200);

    await press(here, here.getByRole('button', { name: 'Log out all others' }));
    assert.equal(await here.getByRole('listitem').count(), 1);
    assert.equal((await there.reload()).status(), 401);
    await logIn(there);

    const bobs = await newPage();
    await visit(bobs, '/account');
    await logIn(bobs, 'bob');
    await visit(here, '/devices');
    await press(here, here.getByRole('button', { name: 'Log out everywhere' }));
    assert.equal(here.url(), `${bank}/goodbye`);
    assert.equal((await there.reload()).status(), 401);
    assert.equal(await visit(here, '/account'), 401);
    assert.equal((await bobs.reload()).status(), 200, 'others are left alone');
    await visit(bobs, '/devices');
    await press(bobs, bobs.getByRole('listitem').getByRole('button'));
    assert.equal(bobs.url(), `${bank}/goodbye`);
  },

  async other_sites() {
    const attacker = await otherSite();
    const page = await newPage();
    await visit(page, '/account');
    await logIn(page);
    const [before, cookie] = [await books(), await cookieOf(page)];
    const transfer = { to: 'bob', amount: '25', reference: '' };
    // On another port of this machine the browser adds the cookie; at another name it does not.
    for (const [site, status] of [[attacker.sameSite, 403], [attacker.crossSite, 401]]) {
      for (const [path, fields] of [['/transfer', transfer], ['/session/revoke-all', {}]]) {
        assert.equal(await fetchFrom(page, site, path, fields), status, `${site} ${path}`);
        assert.equal(await postFrom(page, site, path, fields), status, `${site} ${path}`);
      }
      // They can neither log anybody in nor out, nor read, nor frame.
      const bobs = { username: 'bob', password: passwords.bob };
      assert.equal(await postFrom(page, site, '/login', bobs), 403);
      assert.equal(await postFrom(page, site, '/logout', {}), 403);
      await looksLike(page, 'from_elsewhere', 'That came from elsewhere');
      assert.equal(await readFrom(page, site, '/account'), 'refused');
      assert.doesNotMatch(await frameIn(page, site, '/account'), /Hello|Log in/);
    }
    assert.deepEqual(await books(), before);
    assert.equal((await cookieOf(page)).value, cookie.value);
    assert.equal(await visit(page, '/account'), 200);

    // A link is a way in.
    for (const site of [attacker.sameSite, attacker.crossSite]) {
      assert.equal(await linkFrom(page, site, '/account'), 200);
      assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Hello, Alice');
    }
  },

  async guessing() {
    const [page, owner] = [await newPage(), await newPage()];
    await visit(owner, '/account');
    await logIn(owner);
    // Else the right password passes for a while, from where it has just been right.
    await later(10 * 60);
    await visit(page, '/account');
    for (let guess = 1; guess <= 3; guess += 1) assert.equal(await logIn(page, 'alice', `guess ${guess}`), 401);
    assert.equal(await logIn(page, 'alice', 'guess 4'), 429);
    assert.match(await page.getByRole('alert').textContent(), /Wait 1 minute,/);
    await looksLike(page, 'too_many_guesses', 'Log in');
    const answer = page.waitForResponse(`${bank}/login`);
    assert.equal(await logIn(page), 429, 'the right one is not even looked at');
    assert.equal(await (await answer).headerValue('retry-after'), '60');
    assert.equal(await page.locator('[name=return_to]').inputValue(), '/account');
    assert.equal((await owner.reload()).status(), 200, 'who is logged in feels nothing');
    await later(61);
    assert.equal(await logIn(page), 200);
    assert.equal(page.url(), `${bank}/account`);
  },

  async planted_ids() {
    const page = await newPage();
    const planted = 'A'.repeat(43);
    await page.context().addCookies([{
      name: COOKIE, value: planted, url: bank.replace('http:', 'https:'), httpOnly: true, secure: true, sameSite: 'Lax',
    }]);
    await visit(page, '/account');
    await logIn(page);
    const first = (await cookieOf(page)).value;
    assert.notEqual(first, planted);
    assert.equal(await statusWith(planted), 401);
    assert.equal(await statusWith(first), 200);

    // Each further log-in is another id, and the old one is dead: of the same customer, and of another.
    await visit(page, '/login');
    await logIn(page);
    const second = (await cookieOf(page)).value;
    await visit(page, '/login');
    await logIn(page, 'bob');
    const third = (await cookieOf(page)).value;
    assert.equal(new Set([planted, first, second, third]).size, 4);
    assert.deepEqual([await statusWith(first), await statusWith(second), await statusWith(third)], [401, 401, 200]);
  },

  async an_outage() {
    const page = await newPage();
    await visit(page, '/account');
    await logIn(page);
    const before = await cookieOf(page);
    await tell('/hold');
    await later(20 * 60);
    assert.equal((await page.reload()).status(), 503);
    assert.match(await page.locator('main').textContent(), /Nothing is lost: try again in \d+ seconds/);
    await looksLike(page, 'outage', 'We cannot tell right now');
    assert.deepEqual(await cookieOf(page), before, 'the cookie is left alone');
    const stranger = await newPage();
    assert.equal(await visit(stranger, '/account'), 401);
    assert.equal(await logIn(stranger), 503);
    await tell('/release');
    await press(page, page.getByRole('link', { name: 'Try again' }));
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Hello, Alice');
  },
};

await start();
try {
  await scenes[process.argv[2]]();
  console.log('done');
} finally {
  await end();
}
