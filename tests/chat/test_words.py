"""What is said of a failure in a chat: what it names can be done there and then."""

from __future__ import annotations

import pytest

from claude_cli.core.messages import image_block, text_block

from .engine import chatting
from .test_session import DOT, HELLO


def test_too_many_images_in_a_conversation_name_what_helps(tmp_path, capfd):
    """To send fewer of the new ones may not do: the earlier ones go along each time."""
    dot = image_block("image/png", DOT)
    with chatting(tmp_path, HELLO) as chat:
        chat.session.ask((*[dot] * 400, text_block("a")))
        capfd.readouterr()
        assert chat.session.ask((*[dot] * 300, text_block("b"))).error
        said = capfd.readouterr().err
        assert "700 images" in said and "400 of them" in said and "/compact" in said and "/new" in said
        assert chat.session.ask((*[dot] * 100, text_block("b"))).answer
    other = tmp_path / "other"
    other.mkdir()
    with chatting(other, HELLO) as chat:
        assert chat.session.ask((*[dot] * 601, text_block("a"))).error
        assert "/compact" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("what", "step", "words"),
    [
        pytest.param("ask", {"status": 529}, "Enter sends it again", id="a message"),
        pytest.param("retry", {"status": 529}, "Enter sends it again", id="retry: the message is in the prompt"),
        pytest.param("go_on", {"status": 529}, "/continue tries again", id="continue: the prompt is empty"),
        pytest.param("compact", {"status": 529}, "/compact tries again", id="compact: the prompt is empty"),
        pytest.param("go_on", {"status": 401}, "then /continue tries again", id="continue without a key"),
        pytest.param("go_on", {"status": 400, "message": "no"}, "/retry asks from the start", id="continue refused"),
        pytest.param("compact", {"status": 400, "message": "no"}, "/new begins another", id="compact refused"),
    ],
)
def test_the_advice_fits_what_has_failed(tmp_path, capfd, what, step, words):
    """What it names can be done: only what stands in the prompt is sent by Enter."""
    with chatting(tmp_path, [{"say": "one", "stop_reason": "max_tokens"}, step]) as chat:
        chat.ask("a")
        capfd.readouterr()
        result = chat.ask("b") if what == "ask" else getattr(chat.session, what)()
        assert result.error and words in capfd.readouterr().err
