// The official client of gRPC-Web, in Chromium, on a page of another origin: what a script sees of calls that are let in and of
// calls that are refused.
//
//   node grpc_web.mjs '{"chromium", "servers": {NAME: ORIGIN, …}, "tokens": {NAME: TOKEN, …}, "paths": {"unary", "streaming"}}'
//
// Prints one line of JSON: for each server, each format, each kind of call and each token what came. Messages are texts, in place
// of generated code.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const { chromium: executablePath, servers, tokens, paths } = JSON.parse(process.argv[2]);

const library = await readFile(new URL('node_modules/grpc-web/index.js', import.meta.url), 'utf8');
const page_of_the_shop = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<title>shop</title>'));
await new Promise((listening) => page_of_the_shop.listen(0, '127.0.0.1', listening));
const browser = await chromium.launch({
  executablePath,
  chromiumSandbox: false,
  args: ['--disable-dev-shm-usage', '--no-proxy-server'],
});

const seen = [];
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${page_of_the_shop.address().port}/`);
  // It is a module of CommonJS, which finds its `exports` here.
  await page.evaluate(`{ const module = { exports: {} }, exports = module.exports; ${library}; globalThis.grpc = module.exports }`);
  for (const [server, origin] of Object.entries(servers)) {
    for (const format of ['binary', 'text']) {
      for (const kind of ['unary', 'streaming']) {
        for (const [name, token] of Object.entries(tokens)) {
          const came = await page.evaluate(call, { origin, format, kind, token, path: paths[kind] });
          seen.push({ server, format, kind, name, ...came });
        }
      }
    }
  }
} finally {
  await browser.close();
  page_of_the_shop.close();
}
console.log(JSON.stringify(seen));

/** Runs in the page. */
function call({ origin, format, kind, token, path }) {
  const { GrpcWebClientBase, MethodDescriptor } = globalThis.grpc;
  const client = new GrpcWebClientBase({ format });
  const encode = (text) => new TextEncoder().encode(text);
  const decode = (bytes) => new TextDecoder().decode(bytes);
  const method = new MethodDescriptor(path, kind === 'unary' ? 'unary' : 'server_streaming', String, String, encode, decode);
  const metadata = token === null ? {} : { authorization: `Bearer ${token}` };
  return new Promise((settle) => {
    const refused = (error) => settle({ code: error.code, message: error.message, metadata: error.metadata });
    if (kind === 'unary') {
      client.rpcCall(origin + path, 'hello', metadata, method, (error, reply) => (error ? refused(error) : settle({ reply })));
    } else {
      const stream = client.serverStreaming(origin + path, 'hello', metadata, method);
      let reply = '';
      stream.on('data', (message) => (reply += message));
      stream.on('error', refused);
      stream.on('end', () => settle({ reply }));
    }
  });
}
