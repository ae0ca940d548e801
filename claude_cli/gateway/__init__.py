"""The gateway: Claude for every OpenAI client, on this machine, behind keys of its own. See docs/gateway.md."""
