"""The yardstick of a one-shot: what ten lines of httpx do. httpx_oneshot.py BASE_URL PROMPT"""

import json
import sys

import httpx

url, prompt = sys.argv[1:]
body = {"model": "m", "max_tokens": 1024, "stream": True, "messages": [{"role": "user", "content": prompt}]}
headers = {"x-api-key": "bench", "anthropic-version": "2023-06-01"}
with httpx.stream("POST", f"{url}/v1/messages", json=body, headers=headers, timeout=600) as response:
    for line in response.iter_lines():
        if line.startswith("data: ") and (event := json.loads(line[6:]))["type"] == "content_block_delta":
            print(event["delta"]["text"], end="", flush=True)
