// A real OpenID provider (npm `oidc-provider`) as issuer for the tests.
//
//   node issuer.mjs
//
// Prints two lines: the port of the issuer, then that of its controls, both on 127.0.0.1. Ends on SIGTERM and when its stdin is
// closed; what it has to say besides goes to stderr. The issuer's name is `http://127.0.0.1:PORT`, without a slash at its end.
//
// Which token. The `resource` of a request (RFC 8707) chooses it:
//   urn:AUDIENCE:KIND    `aud` is AUDIENCE. KIND is `opaque`, or an algorithm of `ALGORITHMS` for an at+jwt signed by it
//   http(s)://…          `aud` is that URL; at+jwt in RS256, as an MCP server expects it
// Scopes: orders:read, orders:write (and openid, offline_access). A token has `roles: ["clerk"]`, and, where a person signed in,
// `sid`, the session of that log-in.
//
// Clients that are there from the start (secrets: the client's id and `-secret-0123456789abcdef`):
//   service         client_credentials, secret by Basic
//   gate-basic      resource server that introspects; secret by Basic
//   gate-post       the same, secret in the body
//   gate-signed     the same, secret by Basic; gets its answers as JWTs in ES256 (RFC 9701) when it asks for them
//   web             authorization code with PKCE, refresh token, secret by Basic; its callback is http://127.0.0.1/callback, any port
// Anybody may register more (RFC 7591); what a registration says of `scope` is ignored.
//
// People sign in on the issuer's own pages, as anybody, with any password: `Browser` in login.mjs does that.
//
// Controls, each a request to the second port, answered in JSON:
//   GET  /requests       how many requests each path of the issuer has got: {"/jwks": 2, …}
//   POST /rotate         new keys for all algorithms; the old ones stay in the set, after them
//   POST /rotate?drop    new keys; the old ones are gone
//   POST /stop, /start   stops listening and cuts all connections; listens again, on the same port
//   POST /client         metadata of a client (RFC 7591, with `client_id`), merged into what is known of it: a key for
//                        private_key_jwt, a backchannel_logout_uri
//   POST /login          {"account", "resource", "scope"}: signs in with the client `web`, in a new browser, redeems the code.
//                        The token answer with access_token, id_token, refresh_token, and `browser`, a name for the next
//   POST /logout         {"browser"}: signs that browser out; ends after the back-channel logout has been delivered, or fails

import { createServer } from 'node:http';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';

import { exportJWK, generateKeyPair } from 'jose';

import { Browser } from './login.mjs';

// stdout is for the ports. `oidc-provider` speaks as soon as it is imported.
console.log = console.info = console.error;
const { Provider } = await import('oidc-provider');

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const SCOPES = 'orders:read orders:write';
const HOST = '127.0.0.1';

/** Everything the provider remembers. It outlives the provider, which is built anew on every rotation. */
const records = new Map();

class Adapter {
  constructor(model) {
    this.model = model;
  }

  #key(id) {
    return `${this.model}:${id}`;
  }

  #first(test) {
    return [...records].find(([key, record]) => key.startsWith(`${this.model}:`) && test(record))?.[1];
  }

  async upsert(id, record) {
    records.set(this.#key(id), record);
  }

  async find(id) {
    return records.get(this.#key(id));
  }

  async findByUid(uid) {
    return this.#first((record) => record.uid === uid);
  }

  async findByUserCode(userCode) {
    return this.#first((record) => record.userCode === userCode);
  }

  async consume(id) {
    records.get(this.#key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    records.delete(this.#key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, record] of records) if (record.grantId === grantId) records.delete(key);
  }
}

const secretOf = (client) => `${client}-secret-0123456789abcdef`;

function addClient(client_id, metadata) {
  const known = records.get(`Client:${client_id}`) ?? { client_id };
  records.set(`Client:${client_id}`, { ...known, ...metadata });
}

const none = { grant_types: [], response_types: [], redirect_uris: [] };
const withSecret = (client, method = 'client_secret_basic') => ({
  client_secret: secretOf(client),
  token_endpoint_auth_method: method,
});
addClient('service', { ...none, ...withSecret('service'), grant_types: ['client_credentials'] });
addClient('gate-basic', { ...none, ...withSecret('gate-basic') });
addClient('gate-post', { ...none, ...withSecret('gate-post', 'client_secret_post') });
addClient('gate-signed', { ...none, ...withSecret('gate-signed'), introspection_signed_response_alg: 'ES256' });
addClient('web', {
  ...withSecret('web'),
  application_type: 'native',
  redirect_uris: [`http://${HOST}/callback`],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
});

/** A private key for each algorithm, with the number of the rotation in its name. Both for RSA are one: making one takes long. */
async function makeKeys(generation) {
  const make = async (alg) => exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey);
  const rsa = make('RS256');
  const keyFor = (alg) => (['RS256', 'PS256'].includes(alg) ? rsa : make(alg));
  return Promise.all(
    ALGORITHMS.map(async (alg) => ({ ...(await keyFor(alg)), alg, use: 'sig', kid: `${alg}-${generation}` })),
  );
}

/** What a resource server wants its tokens to be. */
function resourceServer(resource) {
  const common = { scope: SCOPES, accessTokenTTL: 600 };
  const [scheme, audience, kind] = resource.split(':');
  if (scheme === 'http' || scheme === 'https') {
    return { ...common, audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
  }
  if (kind === 'opaque') return { ...common, audience, accessTokenFormat: 'opaque' };
  if (!ALGORITHMS.includes(kind)) throw new Error(`not a resource: ${resource}`);
  return { ...common, audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: kind } } };
}

function makeProvider(name, keys) {
  const provider = new Provider(name, {
    adapter: Adapter,
    jwks: { keys },
    cookies: { keys: ['the same for every provider'] },
    // Its guard against requests to itself would refuse the tests, which are all on this machine.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
    enabledJWA: { introspectionSigningAlgValues: ['RS256', 'ES256'] },
    extraTokenClaims: (_, token) => ({ roles: ['clerk'], sid: token.sid }),
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    pkce: { required: () => true },
    features: {
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => resourceServer(resource),
        useGrantedResource: () => true,
      },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
  });
  for (const event of ['server_error', 'backchannel.error', 'grant.error', 'authorization.error', 'introspection.error']) {
    provider.on(event, (_, error) => console.error(event, error));
  }
  provider.on('backchannel.error', (_, error) => failedLogouts.push(String(error)));
  provider.use(async (ctx, next) => {
    if (ctx.method === 'POST' && ctx.path === '/reg') ctx.req.body = await registration(ctx.req);
    await next();
  });
  return provider;
}

/** A registration without `scope`: a client may ask for more later than its first request needed. */
async function registration(request) {
  const { scope, ...metadata } = JSON.parse(await read(request));
  return JSON.stringify(metadata);
}

async function read(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

const failedLogouts = [];
const requests = {};
const browsers = new Map();
let [keys, generation, handle, issuer] = [[], 0, undefined, undefined];

async function rotate({ keepOld }) {
  generation += 1;
  keys = [...(await makeKeys(generation)), ...(keepOld ? keys : [])];
  handle = makeProvider(issuer, keys).callback();
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, issuer);
  requests[pathname] = (requests[pathname] ?? 0) + 1;
  handle(request, response);
});

async function listen(port) {
  server.listen(port, HOST);
  await once(server, 'listening');
  return server.address().port;
}

/** One authorization code flow by the client `web`. */
async function login({ account, resource, scope }) {
  const client = records.get('Client:web');
  const verifier = randomBytes(32).toString('base64url');
  const authorization = new URL('/auth', issuer);
  authorization.search = new URLSearchParams({
    client_id: 'web',
    response_type: 'code',
    redirect_uri: client.redirect_uris[0],
    scope: `openid ${scope}`,
    resource,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = new Browser();
  const callback = new URL(await browser.authorize(authorization.href, account));
  const code = callback.searchParams.get('code');
  if (!code) throw new Error(`no code: ${callback}`);
  const answer = await fetch(new URL('/token', issuer), {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`web:${client.client_secret}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: client.redirect_uris[0],
    }),
  });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  const name = randomUUID();
  browsers.set(name, browser);
  return { ...(await answer.json()), browser: name };
}

const controls = {
  'GET /requests': () => requests,
  'POST /rotate': async (_, query) => {
    await rotate({ keepOld: !query.has('drop') });
    return keys.map(({ kid }) => kid);
  },
  'POST /stop': async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  },
  'POST /start': async () => {
    await listen(new URL(issuer).port);
  },
  'POST /client': ({ client_id, ...metadata }) => addClient(client_id, metadata),
  'POST /login': login,
  'POST /logout': async ({ browser }) => {
    failedLogouts.length = 0;
    await browsers.get(browser).signOut(new URL('/session/end', issuer).href);
    if (failedLogouts.length) throw new Error(failedLogouts.join());
  },
};

const control = createServer(async (request, response) => {
  const url = new URL(request.url, `http://${HOST}`);
  let [status, answer] = [200, undefined];
  try {
    const body = await read(request);
    answer = await controls[`${request.method} ${url.pathname}`](body ? JSON.parse(body) : {}, url.searchParams);
  } catch (error) {
    [status, answer] = [500, { error: String(error.stack ?? error) }];
  }
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(answer ?? {}));
});

const port = await listen(0);
issuer = `http://${HOST}:${port}`;
await rotate({ keepOld: false });
control.listen(0, HOST);
await once(control, 'listening');
process.stdout.write(`${port}\n${control.address().port}\n`);

process.stdin.resume().on('end', () => process.exit());
process.on('SIGTERM', () => process.exit());
