"""Logs in by Digest with three clients: `python digest_login.py BASE`. Prints a line for each client and path: the statuses
of two requests in one session, then that of a request with a wrong password."""

import asyncio
import sys

import aiohttp
import httpx
import requests

NAME, PASSWORD, WRONG = "Mufasa", "Circle of Life", "circle of life"


def with_requests(url):
    def statuses(password):
        with requests.Session() as session:
            session.trust_env = False
            session.auth = requests.auth.HTTPDigestAuth(NAME, password)
            yield session.get(url, timeout=20).status_code
            yield session.post(url, data={"a": "b"}, timeout=20).status_code

    return [*statuses(PASSWORD), next(statuses(WRONG))]


def with_httpx(url):
    def statuses(password):
        with httpx.Client(auth=httpx.DigestAuth(NAME, password), trust_env=False, timeout=20) as session:
            yield session.get(url).status_code
            yield session.post(url, data={"a": "b"}).status_code

    return [*statuses(PASSWORD), next(statuses(WRONG))]


async def with_aiohttp(url):
    async def statuses(password):
        middleware = aiohttp.DigestAuthMiddleware(NAME, password)
        async with aiohttp.ClientSession(middlewares=(middleware,)) as session:
            async with session.get(url) as response:
                yield response.status
            async with session.post(url, data={"a": "b"}) as response:
                yield response.status

    right = [status async for status in statuses(PASSWORD)]
    async for status in statuses(WRONG):
        return [*right, status]


for path in sys.argv[2:]:
    url = sys.argv[1] + path
    print("requests", path, *with_requests(url))
    print("httpx", path, *with_httpx(url))
    print("aiohttp", path, *asyncio.run(with_aiohttp(url)))
