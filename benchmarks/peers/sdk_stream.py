"""The yardstick of streaming: the official SDK's `.stream()`, each text flushed. sdk_stream.py BASE_URL PROMPT"""

import sys

import anthropic

url, prompt = sys.argv[1:]
client = anthropic.Anthropic(base_url=url, api_key="bench")
with client.messages.stream(model="m", max_tokens=1024, messages=[{"role": "user", "content": prompt}]) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
