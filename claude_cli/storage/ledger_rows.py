"""What the ledger writes: the statements that begin, extend, settle, lose and fold calls."""

from __future__ import annotations

# A number is never given out again, not even by the file that takes the place of one that was set aside.
INSERT = """
INSERT INTO calls (id, at, day, owner, command, provider, model, profile, session, state,
                   reserved_pico, input_estimate, input_pico)
VALUES (max(:at, 1 + ifnull((SELECT max(id) FROM calls), 0)), :at, :day, :owner, :command, :provider, :model, :profile,
        :session, 'open', :reserved, :tokens, :input_pico)"""

EXTEND = """
UPDATE calls SET model = :model, reserved_pico = :reserved, input_pico = :input_pico,
                 input_estimate = CASE WHEN :spent THEN input_estimate ELSE 0 END + :tokens
WHERE id = :number"""

SETTLE = """
UPDATE calls SET state = 'done', status = :status, model = :model, request_id = :request_id, reserved_pico = 0,
                 input_tokens = :input_tokens, output_tokens = :output_tokens, cache_read_tokens = :cache_read_tokens,
                 cache_write_tokens = :cache_write_tokens, thinking_tokens = :thinking_tokens, cost_pico = :cost,
                 duration_ms = :duration, ttft_ms = :ttft, estimated = :estimated, maybe_billed = :maybe_billed
WHERE id = :number"""

LOSE = """
UPDATE calls SET state = 'lost', status = 'lost', reserved_pico = 0, input_tokens = input_estimate,
                 cost_pico = input_pico, estimated = 1
WHERE id = ?"""

FORGET = "DELETE FROM calls WHERE id = ? AND owner = ? AND state = 'open'"

COUNT = """
INSERT INTO days
SELECT day, model, command, profile, :sign, :sign * (cost_pico IS NULL), :sign * estimated, :sign * input_tokens,
       :sign * output_tokens, :sign * cache_read_tokens, :sign * cache_write_tokens, :sign * thinking_tokens,
       :sign * ifnull(cost_pico, 0)
FROM calls WHERE id = :number
ON CONFLICT (day, model, command, profile) DO UPDATE SET
    calls = calls + excluded.calls,
    unpriced_calls = unpriced_calls + excluded.unpriced_calls,
    estimated_calls = estimated_calls + excluded.estimated_calls,
    input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
    cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
    thinking_tokens = thinking_tokens + excluded.thinking_tokens,
    cost_pico = cost_pico + excluded.cost_pico"""

FOLD = """
DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE day < :oldest AND state <> 'open' LIMIT :most)"""
