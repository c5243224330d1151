// A person at a browser, in front of the pages that the issuer shows in development, by plain HTTP: signs in, consents, and
// ends up where the client wanted to be called back.

/** The cookies of one browser. Their paths are left aside: no name is used for two things at once. */
export class Browser {
  #cookies = new Map();

  /** One request without following redirects. */
  async ask(url, form) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie, accept: 'text/html' },
      body: form && new URLSearchParams(form),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) this.#cookies.set(name, value);
      else this.#cookies.delete(name);
    }
    return response;
  }

  /**
   * Opens an authorization request as `account`, with any password, and consents to all of it. Returns the callback's URL, with
   * `code` or `error` in its query, and does not visit it.
   */
  async authorize(authorizationUrl, account) {
    const origin = new URL(authorizationUrl).origin;
    let [url, form] = [authorizationUrl, undefined];
    for (let step = 0; step < 12; step += 1) {
      const response = await this.ask(url, form);
      const page = await response.text();
      form = undefined;
      if (response.status >= 300 && response.status < 400) {
        url = new URL(response.headers.get('location'), url).href;
        if (new URL(url).origin !== origin) return url;
        continue;
      }
      const prompt = /name="prompt" value="(login|consent)"/.exec(page);
      if (response.status !== 200 || !prompt) throw new Error(`${response.status} from ${url}: ${page}`);
      url = new URL(/<form[^>]* action="([^"]+)"/.exec(page)[1], url).href;
      form = { prompt: prompt[1], login: account, password: 'any' };
    }
    throw new Error(`no end to the redirects of ${authorizationUrl}`);
  }

  /** Signs out of the issuer: everywhere, as the button of its page says. */
  async signOut(endSessionUrl) {
    const page = await (await this.ask(endSessionUrl)).text();
    const [, action] = /action="([^"]+)"/.exec(page);
    const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec(page);
    const answer = await this.ask(action, { xsrf, logout: 'yes' });
    if (answer.status !== 303) throw new Error(`${answer.status} from ${action}: ${await answer.text()}`);
  }
}
