// A client of the Model Context Protocol (npm `@modelcontextprotocol/sdk`), before a server that it knows the address of and
// nothing else.
//
//   node mcp_client.mjs URL ACCOUNT
//
// Signs in as ACCOUNT where the server sends it, lists the orders, places one, lists them again. Prints a line of JSON for each
// HTTP exchange, as {"exchange": "POST /mcp", "status", "challenge"?, "scope"?}, where `scope` is what an authorization was
// asked for, and one for each thing done, as {"done", "tools"?, "text"?}.

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { Browser } from './login.mjs';

const [address, account] = process.argv.slice(2);
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** A public client that keeps everything in memory, and a person who opens what it wants opened. */
class Person {
  redirectUrl = 'http://127.0.0.1:1/callback';
  clientMetadata = {
    client_name: 'an MCP client',
    application_type: 'native',
    redirect_uris: [this.redirectUrl],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  #browser = new Browser();
  #kept = {};

  clientInformation = () => this.#kept.client;
  saveClientInformation = (client) => void (this.#kept.client = client);
  tokens = () => this.#kept.tokens;
  saveTokens = (tokens) => void (this.#kept.tokens = tokens);
  codeVerifier = () => this.#kept.verifier;
  saveCodeVerifier = (verifier) => void (this.#kept.verifier = verifier);

  async redirectToAuthorization(url) {
    tell({ exchange: `GET ${url.pathname}`, scope: url.searchParams.get('scope'), resource: url.searchParams.get('resource') });
    const callback = new URL(await this.#browser.authorize(url.href, account));
    this.code = callback.searchParams.get('code');
    if (!this.code) throw new Error(`no code: ${callback}`);
  }
}

async function watched(url, init) {
  const response = await fetch(url, init);
  const exchange = `${init?.method ?? 'GET'} ${new URL(url).pathname}`;
  const challenge = response.headers.get('www-authenticate') ?? undefined;
  tell({ exchange, status: response.status, challenge });
  return response;
}

const person = new Person();
const client = new Client({ name: 'portcullis-tests', version: '1.0.0' });
const makeTransport = () => new StreamableHTTPClientTransport(new URL(address), { authProvider: person, fetch: watched });
let transport;

/** Tries; where the client had to send the person away first, lets it have what they came back with, and tries once more. */
async function withLogin(attempt) {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(person.code);
    return attempt();
  }
}

async function call(name, args = {}) {
  const answer = await withLogin(() => client.callTool({ name, arguments: args }));
  tell({ done: name, text: answer.content[0].text, error: answer.isError });
}

await withLogin(() => client.connect((transport = makeTransport())));
const { tools } = await client.listTools();
tell({ done: 'connect', tools: tools.map(({ name }) => name) });
await call('list_orders');
await call('place_order', { item: 'lamp' });
await call('list_orders');
await client.close();
tell({ done: 'goodbye' });
