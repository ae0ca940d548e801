"""The yardstick of a batch: plain workers on httpx. httpx_batch.py BASE_URL PROMPTS WORKERS CLIENTS OUT

The workers share so many clients, each of which keeps a connection for each of its workers. Its pool searches itself at
each request, so that one client for 64 workers takes many times the CPU of eight with eight workers each.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TextIO

import httpx

url, count, workers, clients, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
headers = {"x-api-key": "bench", "anthropic-version": "2023-06-01"}
numbers = iter(range(count))


async def work(client: httpx.AsyncClient, file: TextIO) -> None:
    """Ask for one prompt after the other."""
    for number in numbers:
        messages = [{"role": "user", "content": f"Prompt number {number}: say hello."}]
        body = {"model": "m", "max_tokens": 1024, "messages": messages}
        answer = (await client.post(f"{url}/v1/messages", json=body)).json()
        row = {"id": number, "text": answer["content"][0]["text"], "usage": answer["usage"]}
        file.write(json.dumps(row) + "\n")


async def main() -> None:
    """All of them."""
    limits = httpx.Limits(max_connections=workers // clients, max_keepalive_connections=workers // clients)
    with Path(out).open("w") as file:
        async with AsyncExitStack() as opened:
            made = [httpx.AsyncClient(headers=headers, limits=limits, timeout=600) for _ in range(clients)]
            pools = [await opened.enter_async_context(client) for client in made]
            await asyncio.gather(*(work(pools[number % clients], file) for number in range(workers)))


asyncio.run(main())
